"""What is tracked: exact pins, and nothing that only makes sense on one machine or in one conversation."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][A-Za-z0-9.]*( +#.*)?")
# Spelt in pieces, so that this file does not name what it looks for.
REGISTRY = re.compile("|".join(map(re.escape, ("pypi." + "org", "pythonhosted." + "org", "npmjs." + "org", "npmjs." + "com", "deb.debian" + ".org", "index-" + "url"))))  # fmt: skip
MACHINE_PATH = re.compile("(?<![\\w.])/(work|root|home/[a-z]+)/[a-z.]")
ISSUE_NUMBER = re.compile(r"(?i)\b(issue|ticket|task|pull request|pr) ?#\d+\b|\((closes|fixes) #\d+\)")


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and file != Path(__file__):
            yield file


def found(pattern: re.Pattern[str]) -> list[str]:
    """``file:line`` of every match in a tracked text file."""
    places = []
    for file in tracked():
        content = file.read_bytes()
        if b"\0" in content[:1024]:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            if pattern.search(line):
                places.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    return places


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    lines = [line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    loose = [line for line in lines if line and not line.startswith(("#", "-r ")) and not PIN.fullmatch(line)]
    assert loose == []


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH, ISSUE_NUMBER], ids=["registry", "path", "issue"])
def test_nothing_tracked_names_a_registry_a_machines_path_or_an_issue(pattern: re.Pattern[str]) -> None:
    assert found(pattern) == []


def test_the_env_file_and_the_data_are_not_tracked() -> None:
    names = {str(file.relative_to(ROOT)) for file in tracked()}
    assert not {name for name in names if name == ".env" or name.startswith(("var/", ".venv/"))}
