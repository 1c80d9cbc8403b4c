"""The program that hears one recording: ``python -m tickets.channels.voice.transcriber MODEL < AUDIO``.

Run by ``hearing`` as a process of its own, because a decoder meets arbitrary bytes: it knows no settings and no database,
may write no file, and dies at its bounds of memory and time. It says one JSON object a line: ``duration`` (seconds),
``language`` with its ``probability``, each ``segment`` with its words, and at the end ``done``; or an ``error`` by its code.
"""

from __future__ import annotations

import json
import resource
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from faster_whisper import WhisperModel

RATE: Final = 16_000  # samples a second that the model hears
GIB: Final = 1024**3
#: Address space beside the model itself, which its runtime maps more than once.
MEMORY_BYTES: Final = 3 * GIB
MODEL_COPIES: Final = 4
#: By the bytes a file begins with (at an offset): the one demuxer that may read it. Those that follow references to
#: other files (playlists, lists of parts) are none of them.
FORMATS: Final = (
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"OggS", "ogg"),
    (0, b"RIFF", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"#!AMR", "amr"),
    (4, b"ftyp", "mov"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf2", "mp3"),
)


class Refused(Exception):
    """The recording cannot be heard; its only argument is the code that says why."""


def main() -> None:
    parser = ArgumentParser(
        description="Transcribe the audio file on standard input, one JSON object a line."
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of a CTranslate2 Whisper model")
    parser.add_argument("--longest", type=float, default=300.0, metavar="S", help="seconds of audio (300)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the model (2)")
    parser.add_argument("--cpu", type=int, default=1200, metavar="S", help="seconds of processor time (1200)")
    given = parser.parse_args()
    bound(given.model, given.cpu)
    try:
        samples = decode(sys.stdin.buffer, given.longest)
        say(duration=round(len(samples) / RATE, 2))
        for line in transcribe(loaded(given.model, given.threads), samples):
            say(**line)
        say(done=True)
    except Refused as refused:
        say(error=str(refused))
    except (MemoryError, av.error.MemoryError):
        say(error="too_large")


def bound(model: Path, cpu: int) -> None:
    """Give up all that hearing does not need. What reaches a bound ends this process and no other."""
    weights = sum(file.stat().st_size for file in model.iterdir() if file.is_file())
    memory = MEMORY_BYTES + MODEL_COPIES * weights
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def decode(file: IO[bytes], longest: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The first audio stream as mono samples in [-1, 1] at :data:`RATE`. Refused where there is none or too much."""
    head = file.read(12)
    file.seek(0)
    name = next((kind for at, mark, kind in FORMATS if head.startswith(mark, at)), None)
    if name is None:
        raise Refused("unreadable")
    try:
        with av.open(file, format=name, mode="r", options={"protocol_whitelist": "none"}) as container:
            parts = list(_parts(container, int(longest * RATE)))
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        if isinstance(error, MemoryError):
            raise
        raise Refused("unreadable") from error
    if not parts:
        raise Refused("silent")
    return np.concatenate(parts).astype(np.float32) / 32768.0


def _parts(container: Any, most: int) -> Iterator[np.ndarray[Any, Any]]:
    if not container.streams.audio:
        raise Refused("unreadable")
    resampler, heard = AudioResampler(format="s16", layout="mono", rate=RATE), 0
    for frame in _frames(container):
        for part in resampler.resample(frame):
            samples = part.to_ndarray().reshape(-1)
            heard += len(samples)
            if heard > most:
                raise Refused("too_long")
            yield samples


def _frames(container: Any) -> Iterator[Any]:
    """What can be decoded. A damaged end does not take away what came before it; None flushes the resampler."""
    frames, heard = container.decode(container.streams.audio[0]), False
    while True:
        try:
            frame = next(frames)
        except (StopIteration, av.error.EOFError):
            break
        except av.error.InvalidDataError:
            if not heard:
                raise
            break
        frame.pts, heard = None, True  # times of a hostile file would be filled with silence
        yield frame
    if heard:
        yield None


def loaded(model: Path, threads: int) -> WhisperModel:
    return WhisperModel(
        str(model), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
    )


def transcribe(
    engine: WhisperModel, samples: np.ndarray[Any, np.dtype[np.float32]]
) -> Iterator[dict[str, Any]]:
    segments, found = engine.transcribe(
        samples,
        beam_size=5,
        temperature=0.0,  # the same recording is the same text
        condition_on_previous_text=False,  # or one misheard part draws the next along
        vad_filter=True,  # silence is not made up
        word_timestamps=True,
    )
    yield {"language": found.language, "probability": round(float(found.language_probability), 3)}
    for segment in segments:
        words = [
            [
                round(float(word.start), 2),
                round(float(word.end), 2),
                word.word,
                round(float(word.probability), 3),
            ]
            for word in segment.words or ()
        ]
        yield {"segment": {"end": round(float(segment.end), 2), "text": segment.text, "words": words}}


def say(**line: Any) -> None:
    print(json.dumps(line, ensure_ascii=True), flush=True)


if __name__ == "__main__":
    main()
