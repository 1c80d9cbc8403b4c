"""Optional parts are set up by their name."""

from __future__ import annotations

import pytest

from helpdesk import parts


@pytest.fixture
def ran(monkeypatch, tmp_path) -> list[tuple[str, ...]]:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(parts, "run", lambda name, *command: commands.append(command))
    monkeypatch.setattr(parts, "ENV_FILE", tmp_path / ".env")
    return commands


def test_a_part_is_installed_its_model_laid_out_and_switched_on(ran):
    parts.ENV_FILE.write_text("SECRET_KEY=x")
    parts.set_up("voice")
    assert [command[-1] for command in ran] == [
        "requirements-voice.txt",
        "requirements-voice-dev.txt",
        "var/voice",
    ]
    assert parts.ENV_FILE.read_text() == "SECRET_KEY=x\nVOICE_MODEL=var/voice\n"


def test_drafts_are_switched_on_with_all_their_settings(ran, capsys):
    parts.set_up("drafts")
    written = parts.ENV_FILE.read_text().splitlines()
    assert [line.split("=")[0] for line in written] == [
        "LLM_URL",
        "LLM_MODEL",
        "LLM_INTERNAL_HOSTS",
        "LLM_TIMEOUT_SECONDS",
    ]
    assert "benchmarks.local_model" in capsys.readouterr().out


def test_a_setting_that_stands_there_stays(ran):
    parts.ENV_FILE.write_text("VOICE_MODEL=/models/mine\n")
    parts.set_up("voice")
    assert parts.ENV_FILE.read_text() == "VOICE_MODEL=/models/mine\n"


def test_every_part_has_its_requirements():
    for name, part in parts.PARTS.items():
        for file in (f"requirements-{name}.txt", *part.beside, part.weights):
            assert not file or (parts.ROOT / file).is_file(), file


def test_an_unknown_part_is_refused_with_those_there_are(ran):
    with pytest.raises(SystemExit, match=r"no part “telepathy”.*voice"):
        parts.set_up("telepathy")
    assert not ran


def test_what_fails_says_whose_it_is():
    with pytest.raises(SystemExit, match="voice could not be set up"):
        parts.run("voice", "-c", "raise SystemExit(1)")
