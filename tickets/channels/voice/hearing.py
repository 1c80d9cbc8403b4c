"""Has one recording heard by ``transcriber``, in a process of its own, and makes of its lines what was said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

LONGEST_SECONDS: Final = 300
LARGEST_BYTES: Final = 20 * 1024 * 1024
#: Of one recording, whatever it is; the child's processor time is bounded by the same number for each thread.
WALL_SECONDS: Final = 900
LONGEST_LINE: Final = 256 * 1024
#: A word that the model gave less was heard wrongly about every second time; see docs/voice-input.md.
DOUBTFUL_WORD: Final = 0.5
#: Characters of a word that counts for one: "'T'T'T…" is a model that runs in circles.
REPEATS: Final = 4
MODEL_FILES: Final = ("model.bin", "config.json", "tokenizer.json")
PACKAGES: Final = ("faster_whisper", "av")

Word = tuple[float, float, str, float]  # from, to (seconds), as written, probability


PROGRAM: Final = (sys.executable, "-m", f"{__package__}.transcriber")


class Unheard(Exception):
    """Nothing could be made of it; its only argument is the code that says why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Some words that were said together."""

    text: str
    words: tuple[Word, ...]

    @property
    def runs_in_circles(self) -> bool:
        """The same piece again and again: what a model says of noise, and is then sure of."""
        said = [word[2].strip().casefold() for word in self.words]
        again = sum(said[at] == said[at + 1] for at in range(len(said) - 1))
        return again >= REPEATS


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said in ``duration`` seconds. ``probability`` is that of the language."""

    duration: float
    language: str
    probability: float
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return " ".join(segment.text.strip() for segment in self.segments).strip()

    @property
    def confidence(self) -> float:
        """How far the words are to be trusted, in [0, 1]: the mean of their probabilities.

        0 where nothing was understood or the model ran in circles.
        """
        words = [word for segment in self.segments for word in segment.words]
        if not words or any(segment.runs_in_circles for segment in self.segments):
            return 0.0
        return sum(word[3] for word in words) / len(words)


def missing_parts(model: Path) -> str:
    """What is not there of all that hearing needs, in words; empty where nothing is missing."""
    packages = [name for name in PACKAGES if find_spec(name) is None]
    if packages:
        return f"{' and '.join(packages)} not installed: pip install -r requirements-voice.txt"
    files = [name for name in MODEL_FILES if not (model / name).is_file()]
    if files:
        return (
            f"{model} has no {' and no '.join(files)}: it must be the folder of a CTranslate2 Whisper model"
        )
    return ""


def hear(
    file: IO[bytes],
    model: Path,
    *,
    threads: int = 2,
    longest: float = LONGEST_SECONDS,
    wall: float = WALL_SECONDS,
    program: Sequence[str] = PROGRAM,
    tell: Callable[[float, float], object] = lambda done, whole: None,
) -> Heard:
    """Hear what ``file``, which must be open on the disk, holds.

    ``tell`` is called with the seconds heard and those there are. Raises Unheard with the code ``unreadable``,
    ``too_long``, ``too_large`` (for the memory), ``silent``, ``too_slow`` or ``failed``.
    """
    bounds = ("--longest", str(longest), "--threads", str(threads), "--cpu", str(int(wall * threads)))
    command = [*program, str(model), *bounds]
    file.seek(0)
    child = subprocess.Popen(  # noqa: S603  # our own program; what a customer sent is only its input
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(threads), cwd=_ROOT
    )  # fmt: skip
    timer = threading.Timer(wall, child.kill)
    timer.start()
    try:
        heard = made_of(_lines(child.stdout), tell)
        if heard is None:
            raise Unheard("failed" if timer.is_alive() else "too_slow")
        return heard
    finally:
        timer.cancel()
        child.kill()
        child.wait()


_ROOT: Final = Path(__file__).resolve().parents[3]


def _environment(threads: int) -> dict[str, str]:
    """Nothing of ours: no key, no address of a database."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _lines(stream: IO[bytes] | None) -> Iterator[dict[str, Any]]:
    while stream is not None and (line := stream.readline(LONGEST_LINE)):
        try:
            yield json.loads(line)
        except ValueError:
            raise Unheard("failed") from None


def made_of(
    lines: Iterator[dict[str, Any]], tell: Callable[[float, float], object] = lambda done, whole: None
) -> Heard | None:
    """What the lines say; None where they break off."""
    duration, language, probability = 0.0, "", 0.0
    segments: list[Segment] = []
    for line in lines:
        if "error" in line:
            raise Unheard(line["error"])
        if "duration" in line:
            duration = float(line["duration"])
            tell(0.0, duration)
        if "language" in line:
            language, probability = str(line["language"])[:8], float(line["probability"])
        if "segment" in line:
            segments.append(_segment(line["segment"]))
            tell(min(float(line["segment"]["end"]), duration), duration)
        if "done" in line:
            if not any(segment.text.strip() for segment in segments):
                raise Unheard("silent")
            return Heard(duration, language, probability, tuple(segments))
    return None


def _segment(told: dict[str, Any]) -> Segment:
    words: Sequence[Sequence[Any]] = told["words"]
    return Segment(
        str(told["text"]).replace("\0", ""),
        tuple(
            (float(word[0]), float(word[1]), str(word[2]).replace("\0", ""), float(word[3])) for word in words
        ),
    )
