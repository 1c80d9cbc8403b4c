"""Real weights, real decoding, synthetic speech. Skipped where one of them is not installed (requirements-voice*.txt)."""

from __future__ import annotations

import io
import resource
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="pip install -r requirements-voice.txt")
pytest.importorskip("faster_whisper", reason="pip install -r requirements-voice.txt")
if shutil.which("espeak-ng") is None:
    pytest.skip("espeak-ng is not installed", allow_module_level=True)

import av

from benchmarks import voice, voice_folder
from tickets.channels.voice import transcriber
from tickets.channels.voice.hearing import Heard, Unheard, hear

ASKED = "I moved house in March, please change the address on my account."
ASKED_IN_GERMAN = "Ich bin im März umgezogen, bitte ändern Sie meine Adresse."


def model(folder: Path, *, english: bool) -> Path:
    try:
        return voice_folder.lay_out(folder, english=english)
    except voice_folder.Missing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    return model(tmp_path_factory.mktemp("tiny"), english=True)


def heard(content: bytes, model: Path, **options: object) -> Heard:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        return hear(file, model, **options)  # type: ignore[arg-type]


def refusal(content: bytes, model: Path, **options: object) -> str:
    with pytest.raises(Unheard) as refused:
        heard(content, model, **options)
    return str(refused.value)


def encoded(content: bytes, name: str, codec: str) -> bytes:
    """A WAV file in another format, as browsers and phones send it."""
    out = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(out, "w", format=name) as target:
        stream = target.add_stream(codec, rate=48_000 if codec == "libopus" else 16_000)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=stream.rate)
        for frame in [*source.decode(audio=0), None]:
            for part in resampler.resample(frame):
                target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return out.getvalue()


def test_english_is_understood_with_times_within_its_length_and_bounded_effort(small):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    found = heard(voice.spoken(ASKED * 3, "en"), small)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert voice.word_errors(ASKED * 3, found.text) <= 0.2 * len(voice.words_of(ASKED * 3))
    assert found.language == "en"
    times = [word[0] for segment in found.segments for word in segment.words]
    assert times == sorted(times)
    assert times[-1] <= found.duration
    assert found.confidence > 0.8
    assert spent <= 2 * found.duration, "two cores as long as it lasts, at most"


def test_german_is_told_and_understood(tmp_path):
    found = heard(voice.spoken(ASKED_IN_GERMAN, "de"), model(tmp_path, english=False))
    assert found.language == "de"
    assert voice.word_errors(ASKED_IN_GERMAN, found.text) <= 5, "a small model and a synthetic voice"


def test_another_language_than_the_model_knows_is_not_trusted(small):
    assert heard(voice.spoken(ASKED_IN_GERMAN, "de"), small).confidence < 0.7


@pytest.mark.parametrize(
    ("name", "codec"), [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac"), ("flac", "flac")]
)
def test_what_browsers_record_is_decoded(name, codec):
    spoken = voice.spoken("My lamp is broken.", "en")
    whole = transcriber.decode(io.BytesIO(spoken), 60)
    samples = transcriber.decode(io.BytesIO(encoded(spoken, name, codec)), 60)
    assert abs(len(samples) - len(whole)) < transcriber.RATE / 5
    assert float(np.abs(samples).max()) > 0.1


def test_silence_is_said_to_be_silence(small):
    assert refusal(silence(2), small) == "silent"


# --- What is no good -----------------------------------------------------------------------------------------


def silence(seconds: int, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as write:
        write.setnchannels(1)
        write.setsampwidth(2)
        write.setframerate(rate)
        write.writeframes(b"\0\0" * seconds * rate)
    return out.getvalue()


def refused(content: bytes, longest: float = 300) -> str:
    with pytest.raises(transcriber.Refused) as refusal:
        transcriber.decode(io.BytesIO(content), longest)
    return str(refusal.value)


def test_more_than_five_minutes_are_refused_before_they_are_held_in_memory():
    assert refused(silence(301)) == "too_long"
    small_file_of_hours = encoded(silence(400), "ogg", "libopus")
    assert len(small_file_of_hours) < 500_000
    assert refused(small_file_of_hours) == "too_long"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x1aE\xdf\xa3", b"\x1aE\xdf\xa3" + b"\xff" * 4000, b"OggS" + b"\0" * 4000, b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\0" * 100, b"\0\0\0\x18ftypM4A " + b"\xff" * 200, b"fLaC" + b"\xff" * 60, b"#!AMR\n" + b"\xff" * 60,
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 60,
    ],
)  # fmt: skip
def test_broken_and_foreign_files_are_refused(content):
    assert refused(content) in {"unreadable", "silent"}


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_to_a_recording_does_worse_than_being_refused(seed, opus):
    random = np.random.default_rng(seed)
    damaged = np.frombuffer(opus, np.uint8).copy()
    damaged[random.integers(0, len(damaged), 40)] = random.integers(0, 256, 40)
    content = damaged.tobytes()[: int(random.integers(20, len(damaged)))]
    try:
        assert len(transcriber.decode(io.BytesIO(content), 60)) <= 60 * transcriber.RATE
    except transcriber.Refused as error:
        assert str(error) in {"unreadable", "silent", "too_long"}


@pytest.fixture(scope="module")
def opus() -> bytes:
    return encoded(voice.spoken("My lamp is broken.", "en"), "webm", "libopus")


def test_a_recording_cut_off_at_its_end_keeps_what_came_before(opus):
    whole, cut = (
        len(transcriber.decode(io.BytesIO(content), 60)) for content in (opus, opus[: len(opus) * 3 // 4])
    )
    assert 0.5 * whole < cut < whole


BOUNDS: list[tuple[str, str]] = [
    ("memory", "x = bytearray(60 * transcriber.GIB)"),
    ("files", "import os; os.write(os.open('{folder}/written', os.O_CREAT | os.O_WRONLY), b'x')"),
]


@pytest.mark.parametrize(("bound", "deed"), BOUNDS, ids=[name for name, _ in BOUNDS])
def test_the_program_gives_up_what_it_does_not_need(tmp_path, bound, deed, run_bounded: Callable[[str], int]):
    assert run_bounded(deed.format(folder=tmp_path)) != 0
    assert not (tmp_path / "written").exists() or not (tmp_path / "written").read_text()


@pytest.fixture
def run_bounded(tmp_path) -> Callable[[str], int]:
    def run(deed: str) -> int:
        program = f"""
from pathlib import Path
from tickets.channels.voice import transcriber
transcriber.bound(Path({str(tmp_path)!r}), 60)
{deed}
"""
        import sys

        return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode

    return run
