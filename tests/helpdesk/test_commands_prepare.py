"""From a fresh checkout to a running product, and back: ``first_env``, ``prepare``, ``demo_reset``."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from helpdesk import first_env, preparation
from helpdesk.management.commands.prepare import train_here
from tests.installation import Installation
from tests.triage.core.concepts import ConceptEncoder
from tests.triage.learning.test_commands_triage import PACK_INTENT
from tickets.models import Ticket
from triage.answers.facts import HouseFact, set_fact
from triage.learning import pack
from triage.learning import train as learning
from triage.models import Intent, ModelVersion
from triage.running import sentence_encoder


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(first_env, "FILE", tmp_path / ".env")
    return tmp_path / ".env"


def test_the_first_env_has_a_random_key_and_is_for_its_owner_only(
    env_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first_env.main()
    first = env_file.read_text()
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    key = first.split("SECRET_KEY=")[1].splitlines()[0]
    assert len(key) >= 50
    assert "Wrote .env" in capsys.readouterr().out
    env_file.unlink()
    first_env.main()
    assert key not in env_file.read_text()


def test_an_env_that_is_there_is_never_touched(env_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env_file.write_text("SECRET_KEY=mine\n")
    env_file.chmod(0o640)
    first_env.main()
    assert env_file.read_text() == "SECRET_KEY=mine\n"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o640
    assert capsys.readouterr().out == ""


@pytest.fixture
def small_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Two intents, few examples: enough to train on, quick to install."""
    folder = tmp_path / "pack" / "intents"
    folder.mkdir(parents=True)
    for slug in ("track_refund", "track_order"):
        examples = "".join(f"  - {slug} example number {n}\n" for n in range(12))
        (folder / f"{slug}.yaml").write_text(PACK_INTENT.replace("track_refund", slug) + examples)
    read = pack.read_pack
    monkeypatch.setattr(preparation.pack, "read_pack", lambda: read(tmp_path / "pack"))
    settings.TRIAGE_MODEL_DIR = tmp_path / "models"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.DEMO = True


def prepared() -> list[str]:
    told: list[str] = []
    preparation.prepare(told.append, train=train_here)
    return told


@pytest.mark.django_db
def test_preparing_twice_does_nothing_the_second_time(small_pack: None) -> None:
    first = prepared()
    assert [line for line in first if line.startswith(("Collecting", "Loading", "Training", "Made demo"))]
    before = (Intent.objects.count(), ModelVersion.objects.count(), User.objects.count())
    assert before == (2, 1, 3)
    assert prepared() == []
    assert (Intent.objects.count(), ModelVersion.objects.count(), User.objects.count()) == before


@pytest.mark.django_db
def test_a_preparation_that_was_broken_off_goes_on_where_it_stopped(
    small_pack: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**facts: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(learning, "train", fail)
        prepared()
    told = prepared()
    assert not any(line.startswith("Loading") for line in told)
    assert ModelVersion.objects.filter(is_champion=True).exists()


@pytest.mark.django_db
def test_a_model_that_this_release_cannot_read_is_trained_again(small_pack: None) -> None:
    prepared()
    old = ModelVersion.objects.get(is_champion=True)
    next(old.path.glob("*.json")).write_text("{}")
    assert any(line.startswith("Training") for line in prepared())
    assert ModelVersion.objects.get(is_champion=True) != old
    assert prepared() == []


@pytest.mark.django_db
def test_a_model_for_another_encoder_setting_is_trained_again(
    small_pack: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared()
    monkeypatch.setattr(sentence_encoder, "opened", lambda folder: ConceptEncoder())
    settings.TRIAGE_ENCODER = tmp_path
    told = prepared()
    assert told[0] == "The model was trained with another setting of TRIAGE_ENCODER."
    assert prepared() == []


@pytest.mark.django_db
def test_the_demo_logins_exist_only_in_a_demo(small_pack: None, settings: Any) -> None:
    settings.DEMO = False
    prepared()
    assert not User.objects.exists()
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_the_demos_house_is_set_up_and_answers_by_itself(small_pack: None) -> None:
    prepared()
    assert set(HouseFact.objects.filter(key="accounts").values_list("value", flat=True)) == {"yes"}
    assert set(Intent.objects.values_list("mode", flat=True)) == {"auto"}


@pytest.mark.django_db
def test_what_somebody_said_of_the_demos_house_is_kept(small_pack: None) -> None:
    set_fact("accounts", "no", language="en", by=None)
    prepared()
    assert list(HouseFact.objects.values_list("key", "value")) == [("accounts", "no")]


@pytest.mark.django_db
def test_a_real_installation_says_its_own_facts_and_reads_first(small_pack: None, settings: Any) -> None:
    settings.DEMO = False
    prepared()
    assert not HouseFact.objects.exists()
    assert set(Intent.objects.values_list("mode", flat=True)) == {"suggest"}


@pytest.mark.django_db
def test_a_changed_style_sheet_is_collected_again(small_pack: None, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared()
    monkeypatch.setattr(preparation, "static_stamp", lambda: "another")
    assert any(line.startswith("Collecting") for line in prepared())


def test_the_demo_is_emptied_and_nothing_else(installation: Installation) -> None:
    installation.settings["DEMO"] = "on"
    (installation.folder / "models").mkdir()
    (installation.folder / "models" / "file").write_text("x")
    neighbour = installation.folder.parent / "kept"
    neighbour.write_text("x")
    assert "Emptied" in installation.manage("demo_reset")
    assert list(installation.folder.iterdir()) == []
    assert neighbour.exists()


def test_what_is_no_demo_is_not_emptied(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("demo_reset", stdout=StringIO())
