"""What is made of the lines of the program that hears, and of one that does not do as it should."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tickets.channels.voice.hearing import Heard, Segment, Unheard, hear, missing_parts

WORDS = [[0.0, 0.4, " My", 0.9], [0.4, 0.9, " lamp", 0.7], [0.9, 1.4, " broke.", 0.8]]
GOOD = [
    {"duration": 2.0},
    {"language": "en", "probability": 0.97},
    {"segment": {"end": 1.4, "text": " My lamp broke.", "words": WORDS}},
    {"done": True},
]


@pytest.fixture
def audio(tmp_path: Path) -> Iterator[IO[bytes]]:
    path = tmp_path / "a.webm"
    path.write_bytes(b"audio")
    with path.open("rb") as file:
        yield file


def saying(*lines: dict[str, Any], then: str = "") -> list[str]:
    said = "\n".join(json.dumps(line) for line in lines)
    return [sys.executable, "-c", f"print({said!r}, flush=True)\n{then}"]


def heard(audio: IO[bytes], *lines: dict[str, Any], then: str = "", **options: Any) -> Heard:
    return hear(audio, Path("/model"), program=saying(*lines, then=then), **options)


def refusal(audio: IO[bytes], *lines: dict[str, Any], **options: Any) -> str:
    with pytest.raises(Unheard) as refused:
        heard(audio, *lines, **options)
    return str(refused.value)


def test_its_lines_become_text_language_words_and_a_confidence(audio):
    found = heard(audio, *GOOD)
    assert (found.text, found.language, found.duration) == ("My lamp broke.", "en", 2.0)
    assert found.segments[0].words[1] == (0.4, 0.9, " lamp", 0.7)
    assert found.confidence == pytest.approx(0.8)


def test_whoever_waits_is_told_how_far_it_is(audio):
    told: list[tuple[float, float]] = []
    heard(audio, *GOOD, tell=lambda done, whole: told.append((done, whole)))
    assert told == [(0.0, 2.0), (1.4, 2.0)]


@pytest.mark.parametrize("code", ["unreadable", "too_long", "too_large", "silent"])
def test_what_it_refuses_keeps_its_code(audio, code):
    assert refusal(audio, {"error": code}) == code


def test_speech_without_words_is_silence(audio):
    assert refusal(audio, GOOD[0], GOOD[-1]) == "silent"


def test_lines_that_break_off_are_no_transcript(audio):
    assert refusal(audio, *GOOD[:-1]) == "failed"


def test_what_is_no_line_of_ours_is_no_transcript(audio):
    assert refusal(audio, then="print('segfault')") == "failed"


def test_a_program_that_hangs_is_killed(audio):
    assert refusal(audio, *GOOD[:-1], then="import time; time.sleep(60)", wall=0.3) == "too_slow"


def test_the_program_knows_nothing_of_ours(audio, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    seen = tmp_path / "environment"
    tell = f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))"
    heard(audio, *GOOD[:-1], then=f"{tell}; print('{{\"done\": 1}}')")
    assert "secret" not in seen.read_text()
    assert os.environ["SECRET_KEY"] == "secret"


def test_a_model_that_runs_in_circles_is_not_trusted_however_sure_it_is():
    words = tuple((0.0, 0.1, "'T", 0.99) for _ in range(30))
    assert Heard(2.0, "en", 1.0, (Segment("'T" * 30, words),)).confidence == 0.0


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tickets.channels.voice.hearing.find_spec", lambda name: None)
    assert "pip install -r requirements-voice.txt" in missing_parts(tmp_path)
    monkeypatch.setattr("tickets.channels.voice.hearing.find_spec", lambda name: name)
    assert "no model.bin" in missing_parts(tmp_path)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).touch()
    assert missing_parts(tmp_path) == ""
