"""``train_triage``, ``evaluate_triage`` and ``load_starter``: what they print, write and refuse."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tickets.models import Ticket
from triage.learning import train as learning
from triage.learning.pack import STARTER
from triage.models import Answer, Example, Guard, Intent, ModelVersion, PolicyRevision, Rule, fingerprint
from triage.running.runtime import runtime

FIGURES = {
    "accuracy", "macro_f1", "ece", "brier", "coverage", "error", "out_of_scope_answered", "aurc", "train_seconds",
    "predict_ms_p50", "predict_ms_p99", "artefact_bytes",
}  # fmt: skip


PHRASES = {
    "track_order": ("where is my {}", "when will my {} arrive", "has the {} been sent yet"),
    "refund": ("i want my money back for the {}", "please refund the {}", "how do i return the {}"),
    "login": ("i cannot sign in to see the {}", "password rejected on the {} page", "locked out of {}"),
}
THINGS = ("parcel", "order", "jacket", "phone", "lamp", "desk")
SHOP = [
    (phrase.format(thing), slug)
    for slug, phrases in PHRASES.items()
    for phrase in phrases
    for thing in THINGS
]


def called(name: str, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def labelled(db: None, settings: Any, tmp_path: Path) -> None:
    """A small shop's examples in the database."""
    settings.TRIAGE_MODEL_DIR = tmp_path / "models"
    intents = {slug: Intent.objects.create(slug=slug, title=slug) for slug in PHRASES}
    for text, slug in SHOP:
        Example.objects.create(text=text, intent=intents[slug], fingerprint=fingerprint(text))


def test_training_makes_the_champion_and_says_what_it_learnt_from(labelled: None) -> None:
    printed = called("train_triage")
    version = ModelVersion.objects.get()
    assert version.is_champion
    assert version.path.is_dir()
    assert "3 intents from 54 examples, 0 resolved tickets indexed" in printed
    assert "It decides now." in printed


def test_a_challenger_can_be_trained_without_deciding(labelled: None) -> None:
    called("train_triage")
    assert "Not promoted" in called("train_triage", "--no-promote", "--seed", "1")
    assert ModelVersion.objects.get(is_champion=True) == ModelVersion.objects.earliest("id")


def test_an_intent_with_too_few_examples_is_named(labelled: None) -> None:
    rare = Intent.objects.create(slug="gift_card", title="Gift card")
    Example.objects.create(text="do you sell gift cards", intent=rare, fingerprint="f")
    assert "Too few examples, left to the keyword rules: gift_card" in called("train_triage")


@pytest.mark.django_db
def test_too_few_examples_end_with_one_line_and_leave_nothing(settings: Any, tmp_path: Path) -> None:
    settings.TRIAGE_MODEL_DIR = tmp_path / "models"
    with pytest.raises(CommandError, match="at least two"):
        called("train_triage")
    assert not ModelVersion.objects.exists()
    assert not settings.TRIAGE_MODEL_DIR.exists()


def test_only_the_last_versions_keep_their_folders(labelled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "VERSIONS_KEPT", 1)
    for seed in range(3):
        called("train_triage", "--seed", str(seed))
    kept = [version.path.is_dir() for version in ModelVersion.objects.order_by("id")]
    assert kept == [False, True, True]


def labelled_file(file: Path, rows: list[tuple[str, str]]) -> str:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "intent"), *rows])
    return str(file)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Every third text to be judged, the others to learn from; some texts out of scope."""
    foreign = [(text, "") for text in ("what is the capital of france", "sing me a song", "tell a joke")]
    train = [row for place, row in enumerate(SHOP) if place % 3]
    return (
        labelled_file(tmp_path / "train.csv", train),
        labelled_file(tmp_path / "test.csv", SHOP[::3] + foreign),
    )


def test_an_evaluation_gives_all_its_figures_as_json(files: tuple[str, str]) -> None:
    figures = json.loads(called("evaluate_triage", "--train", files[0], "--test", files[1], "--json"))
    assert set(figures) >= FIGURES
    assert figures["accuracy"] > 0.8
    assert 0 <= figures["error"] <= 1


def test_an_evaluation_writes_one_prediction_a_row(files: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    printed = called("evaluate_triage", "--train", files[0], "--test", files[1], "--predictions", str(out))
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["text", "intent", "confidence", "action", "reason"]
    assert len(rows) == 21
    assert {row["action"] for row in rows} <= {"auto_resolve", "suggest", "escalate"}
    assert "accuracy" in printed


def test_an_evaluation_needs_no_database(files: tuple[str, str]) -> None:
    # Without the db mark every query fails the test; the connection is not even opened.
    called("evaluate_triage", "--train", files[0], "--test", files[1], "--json")
    assert not connection.in_atomic_block


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "text"), ("text\nhello\n", "intent"), ("text,intent\n", "."), ("\xff", ".")],
)
def test_a_file_that_is_not_labelled_texts_is_refused_in_one_line(
    files: tuple[str, str], tmp_path: Path, content: str, message: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(content, encoding="latin-1")
    with pytest.raises(CommandError, match=message):
        called("evaluate_triage", "--train", str(bad), "--test", files[1])


def test_predictions_that_cannot_be_written_are_told(files: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        called("evaluate_triage", "--train", files[0], "--test", files[1], "--predictions", str(tmp_path))


PACK_INTENT = """\
intent: track_refund
title: Where is my refund
mode: auto
rules:
  - pattern: refund*
answer:
  body: Refunds take five days.
examples:
  - where is my refund
  - still no money back
"""


PACK_CONTRAST = """\
not_asked:
  track_refund:
    - no refund wanted
  none:
    - |-
      two lines
      of a text
  deleted:
    - a deleted intent
grave:
  death:
    track_refund:
      - he died, where is the money
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of one intent."""
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "track_refund.yaml").write_text(PACK_INTENT)
    return tmp_path


@pytest.mark.django_db
def test_a_pack_of_ones_own_is_installed_once(pack: Path) -> None:
    assert "Added 1 intents, 2 examples" in called("load_starter", str(pack))
    assert "Added 0 intents, 0 examples" in called("load_starter", str(pack))
    assert Intent.objects.get().answers.get().state == "approved"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("demo", "options", "mode"),
    [(False, [], "suggest"), (False, ["--keep-auto"], "auto"), (True, [], "auto")],
)
def test_nothing_is_automated_before_somebody_has_read_it(
    pack: Path, settings: Any, demo: bool, options: list[str], mode: str
) -> None:
    settings.DEMO = demo
    called("load_starter", str(pack), *options)
    intent = Intent.objects.get()
    assert (intent.mode, intent.meant_for_auto) == (mode, True)
    assert intent.unread_answers().count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("house", "approved"), [("en", ["en"]), ("de", ["de", "en"])])
def test_answers_in_foreign_languages_wait_for_somebody_who_reads_them(
    pack: Path, settings: Any, house: str, approved: list[str]
) -> None:
    settings.TRIAGE_LANGUAGE = house
    file = pack / "intents" / "track_refund.yaml"
    others = "answers:\n  - language: de\n    body: Fünf Tage.\n  - language: fr\n    body: Cinq jours.\n"
    file.write_text(PACK_INTENT.replace("examples:", f"{others}examples:"))
    called("load_starter", str(pack))
    found = Intent.objects.get().answers
    assert (
        list(found.filter(state="approved").order_by("language").values_list("language", flat=True))
        == approved
    )
    assert found.count() == 3


@pytest.mark.django_db
def test_all_forms_of_an_answer_are_installed(pack: Path) -> None:
    file = pack / "intents" / "track_refund.yaml"
    forms = "  guest_body: Five days, guest.\n  summary: Five days.\n"
    file.write_text(PACK_INTENT.replace("examples:", f"{forms}examples:"))
    called("load_starter", str(pack))
    answer = Intent.objects.get().answers.get()
    assert (answer.guest_body, answer.summary) == ("Five days, guest.", "Five days.")


@pytest.mark.django_db
def test_what_a_supervisor_changed_is_not_overwritten(pack: Path) -> None:
    called("load_starter", str(pack))
    Intent.objects.update(mode="off")
    Rule.objects.all().delete()
    called("load_starter", str(pack))
    assert (Intent.objects.get().mode, Rule.objects.count()) == ("off", 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("intent: track_refund\n", "", "Intent"),
        ("pattern: refund*", "pattern: '\"open'", "track_refund"),
        ("mode: auto", "mode: sometimes", "track_refund"),
        ("five days", "{unknown} days", "track_refund"),
        ("title: Where", "title: [", "not valid YAML"),
    ],
)
def test_a_faulty_pack_is_named_and_leaves_nothing(pack: Path, old: str, new: str, message: str) -> None:
    file = pack / "intents" / "track_refund.yaml"
    file.write_text(PACK_INTENT.replace(old, new))
    with pytest.raises(CommandError, match=message):
        called("load_starter", str(pack))
    assert not Intent.objects.exists()


@pytest.mark.django_db
def test_contrast_texts_are_installed_with_stance_topic_and_intent(pack: Path) -> None:
    (pack / "contrast.yaml").write_text(PACK_CONTRAST)
    assert "2 examples, 4 contrast texts" in called("load_starter", str(pack))
    assert "0 examples, 0 contrast texts" in called("load_starter", str(pack))
    rows = Example.objects.contrast_for_training().values_list("text", "stance", "topic", "intent__slug")
    assert list(rows) == [
        ("no refund wanted", "not_asked", "", "track_refund"),
        ("two lines\nof a text", "not_asked", "", None),
        ("a deleted intent", "not_asked", "", None),
        ("he died, where is the money", "grave", "death", "track_refund"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("not_asked:", "not_askd:", r"contrast.yaml: not_askd is none of grave, .*, not_asked"),
        ("death:", "deth:", r"contrast.yaml: grave: deth is none of death"),
        ("- no refund wanted", "- 4410", r"contrast.yaml: not_asked: track_refund: 4410 is not a text. Put it in quotes"),
        ("- no refund wanted", "- no", r"contrast.yaml: not_asked: track_refund: False is not a text"),
        ("- no refund wanted", "- ''", r"track_refund: '' is not a text"),
        ("    - no refund wanted", "    one text", r"contrast.yaml: not_asked: track_refund: a list of texts is expected"),
        ("  death:\n    track_refund:\n  ", "", r"contrast.yaml: grave: a mapping is expected"),
        ("  deleted:", "  none:", r"contrast.yaml is not valid YAML: none stands twice"),
    ],
)  # fmt: skip
def test_a_faulty_contrast_file_is_named_and_leaves_nothing(
    pack: Path, old: str, new: str, message: str
) -> None:
    assert old in PACK_CONTRAST
    (pack / "contrast.yaml").write_text(PACK_CONTRAST.replace(old, new))
    with pytest.raises(CommandError, match=message):
        called("load_starter", str(pack))
    assert not Intent.objects.exists()


@pytest.mark.django_db
def test_an_example_that_is_no_text_is_named(pack: Path) -> None:
    file = pack / "intents" / "track_refund.yaml"
    file.write_text(PACK_INTENT + "  - 4410\n")
    with pytest.raises(
        CommandError, match=r"Intent track_refund, examples: 4410 is not a text. Put it in quotes"
    ):
        called("load_starter", str(pack))


@pytest.mark.django_db
def test_a_folder_without_a_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no intents/\*\.yaml found"):
        called("load_starter", str(tmp_path))


@pytest.mark.django_db
def test_the_starter_pack_installs_whole() -> None:
    called("load_starter")
    assert Intent.objects.count() == len(list((STARTER / "intents").glob("*.yaml"))) >= 30
    assert Guard.objects.exists()
    assert Ticket.objects.count() >= 200


# --- what is installed ---------------------------------------------------------------------------------------


@pytest.fixture
def installed(labelled: None) -> None:
    """The small shop, trained, answering one intent by itself."""
    learning.train()
    order = Intent.objects.get(slug="track_order")
    Answer.objects.create(intent=order, body="Open the link in your mail.").approve(None)
    Intent.objects.filter(pk=order.pk).update(mode="auto")
    PolicyRevision.bump()
    runtime.forget()


def strangers_file(folder: Path, *rows: tuple[str, str]) -> str:
    file = folder / "strangers.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "intent"), *rows])
    return str(file)


def test_what_is_installed_is_measured_as_new_tickets_would_be_decided(
    installed: None, tmp_path: Path
) -> None:
    file = strangers_file(
        tmp_path,
        ("where is my parcel", "track_order"),
        ("Subject: Parcel\n\nwhere is my parcel\n\nKind regards\nTom", "track_order"),
        ("please refund the lamp", "refund"),
        ("where is my parcel? my lawyer wants to know", ""),
    )
    Guard.objects.create(topic="legal", pattern="lawyer")
    PolicyRevision.bump()
    predictions = tmp_path / "out.csv"
    figures = json.loads(
        called("evaluate_triage", "--installed", "--test", file, "--predictions", str(predictions), "--json")
    )
    rows = list(csv.DictReader(predictions.open(encoding="utf-8")))
    assert [row["reason"] for row in rows][2:] == ["no_answer", "never_automate"]
    assert [row["action"] for row in rows][:2] == ["auto_resolve", "auto_resolve"]
    assert figures["askings_answered_rightly"] == pytest.approx(2 / 3)
    assert figures["for_a_person_answered"] == 0.0
    assert not Ticket.objects.exists()


def test_it_needs_something_to_judge_by() -> None:
    for given in ([], ["--installed", "--train", "a.csv"]):
        with pytest.raises(CommandError, match="either --train"):
            called("evaluate_triage", *given, "--test", "b.csv")


def test_an_empty_file_measures_nothing(installed: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no text to judge"):
        called("evaluate_triage", "--installed", "--test", strangers_file(tmp_path))
