"""A stored decision replayed: identical, or it says what differs and what has gone since."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.triage.core.concepts import ConceptEncoder
from tickets.models import Closure, Status, Ticket
from triage.core.learning.model import Model
from triage.core.reading.text import READING_VERSION
from triage.core.types import Example
from triage.learning import train as learning
from triage.learning.replay import Outcome, Replay, Replayer
from triage.models import Answer, Decision, Guard, Intent, ModelVersion, Rule, RulebookVersion
from triage.running import pipeline, sentence_encoder
from triage.running.basis import read
from triage.running.runtime import Runtime

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
PHRASES = {
    "track_order": ("where is my {}", "when will my {} arrive", "has the {} been sent yet", "track the {}"),
    "get_refund": ("i want my money back for the {}", "please refund the {}", "how do i return the {}"),
}
THINGS = ("parcel", "order", "jacket", "phone", "lamp", "desk")
TAUGHT = [
    Example(phrase.format(thing), slug)
    for slug, phrases in PHRASES.items()
    for phrase in phrases
    for thing in THINGS
]
QUESTION = {"subject": "", "body": "please refund the lamp"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored model that knows two intents; of a third it has seen too little."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    Model.fit([*TAUGHT, Example("a voucher please", "voucher")]).save(folder)
    return folder


def promoted(trained: Path, name: str) -> ModelVersion:
    shutil.copytree(trained, settings.TRIAGE_MODEL_DIR / name)
    version = ModelVersion.objects.create(folder=name)
    version.promote()
    return version


@pytest.fixture
def shop(
    settings: Any, tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Intent]]:
    """Automated intents with answers, and a champion."""
    settings.TRIAGE_MODEL_DIR = tmp_path / "models"
    runtime = Runtime()
    monkeypatch.setattr(pipeline, "runtime", runtime)
    intents = {slug: Intent.objects.create(slug=slug, title=slug, mode="auto") for slug in PHRASES}
    for slug, intent in intents.items():
        Answer.objects.create(intent=intent, body=f"The answer to {slug}.").approve(None)
    promoted(trained, "model-1")
    yield intents
    runtime._executor.shutdown(wait=False, cancel_futures=True)


@pytest.fixture
def decided(shop: dict[str, Intent], submit: Submit) -> Decision:
    return submit(**QUESTION).decisions.get()


def folder_of(decision: Decision) -> Path:
    assert decision.model_version is not None
    return decision.model_version.path


def replayed(decision: Decision) -> Replay:
    return Replayer().replay(Decision.objects.get(pk=decision.pk))


def command(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("replay_decisions", *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_a_decision_by_the_model_is_replayed_to_the_last_bit(decided: Decision) -> None:
    assert decided.source == "model"
    found = replayed(decided)
    assert (found.outcome, found.differences, found.note) == (Outcome.IDENTICAL, [], "")


def test_an_explanation_by_meaning_is_replayed_to_the_last_bit(
    shop: dict[str, Intent], submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = ConceptEncoder()
    settings.TRIAGE_ENCODER = tmp_path
    monkeypatch.setattr(sentence_encoder, "opened", lambda folder: encoder)
    Model.fit(TAUGHT, encoder=encoder).save(tmp_path / "encoded")
    promoted(tmp_path / "encoded", "model-2")
    decision = submit(body="please repay the lamp").decisions.get()
    assert "repay" in [term["text"] for term in decision.terms]
    assert replayed(decision).outcome is Outcome.IDENTICAL


@pytest.mark.parametrize(("share", "outcome"), [(5e-8, Outcome.IDENTICAL), (1e-5, Outcome.DIFFERENT)])
def test_another_processor_s_sum_is_the_same_number(
    decided: Decision, share: float, outcome: Outcome
) -> None:
    decided.confidence *= 1 + share
    assert Replayer().replay(decided).outcome is outcome


def test_what_an_agent_and_the_requester_do_later_does_not_matter(decided: Decision, agent: User) -> None:
    decided.ticket.reply("And where is my parcel?", author=None)
    decided.ticket.reply("It is on its way.", author=agent)
    decided.correct(Intent.objects.get(slug="track_order"), by=agent)
    assert replayed(decided).outcome is Outcome.IDENTICAL


def test_a_lowered_confidence_is_replayed_with_the_similar_tickets_of_that_time(
    shop: dict[str, Intent], decided: Decision, submit: Submit, agent: User
) -> None:
    decided.ticket.close(Closure.AGENT)
    decided.correct(shop["track_order"], by=agent)
    lowered = submit(**QUESTION).decisions.get()
    assert lowered.objection is not None and lowered.objection["id"] == decided.ticket_id
    decided.correct(shop["get_refund"], by=agent)
    assert replayed(lowered).outcome is Outcome.IDENTICAL


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", 0.5),
        ("intent_slug", "track_order"),
        ("terms", []),
        ("reason", "small_margin"),
        ("action", "suggest"),
        ("threshold", 0.1),
    ],
)
def test_a_field_that_was_tampered_with_is_named(decided: Decision, field: str, value: Any) -> None:
    Decision.objects.filter(pk=decided.pk).update(**{field: value})
    found = replayed(decided)
    assert found.outcome is Outcome.DIFFERENT
    assert [difference.field for difference in found.differences] == [field]


@pytest.mark.parametrize(("kept", "value"), [("in_scope", False), ("guard", "legal"), ("mode", "off")])
def test_tampering_with_what_the_gates_saw_shows(decided: Decision, kept: str, value: Any) -> None:
    Decision.objects.filter(pk=decided.pk).update(basis={**decided.basis, kept: value})
    assert replayed(decided).outcome is Outcome.DIFFERENT


def test_the_policy_of_that_time_counts_not_today_s(decided: Decision, settings: Any) -> None:
    assert decided.action == "auto_resolve"
    Intent.objects.update(mode="off", threshold=0.99)
    Answer.objects.update(state=Answer.State.RETIRED)
    Guard.objects.create(topic="legal", pattern="refund*")
    settings.TRIAGE_THRESHOLD = 0.999
    assert replayed(decided).outcome is Outcome.IDENTICAL


def test_a_rule_that_was_edited_since_is_replayed_as_it_was(shop: dict[str, Intent], submit: Submit) -> None:
    voucher = Intent.objects.create(slug="voucher", title="Voucher", mode="suggest")
    rule = Rule.objects.create(intent=voucher, pattern="voucher*", weight=0.9)
    decision = submit(subject="", body="do you sell a voucher").decisions.get()
    assert (decision.source, decision.intent_slug) == ("rules", "voucher")
    rule.pattern, rule.weight = "coupon*", 0.5
    rule.save()
    assert replayed(decision).outcome is Outcome.IDENTICAL
    RulebookVersion.objects.all().delete()
    found = replayed(decision)
    assert (found.outcome, found.note) == (
        Outcome.IMPOSSIBLE,
        "The keyword rules it was made by were not kept.",
    )


@pytest.mark.parametrize("lost", ["rules", "basis"])
def test_of_an_old_decision_the_model_s_part_is_replayed_and_the_rest_is_named(
    decided: Decision, lost: str
) -> None:
    if lost == "rules":
        RulebookVersion.objects.all().delete()
    else:
        Decision.objects.filter(pk=decided.pk).update(basis={})
    found = replayed(decided)
    assert found.outcome is Outcome.PARTLY and "only the model's part" in found.note
    Decision.objects.filter(pk=decided.pk).update(confidence=0.5, reason="small_margin")
    assert [difference.field for difference in replayed(decided).differences] == ["confidence"]


@pytest.mark.parametrize("damage", [{"similar": [{}]}, {"basis": {"seen": 1}}])
def test_damaged_evidence_is_named(decided: Decision, damage: dict[str, Any]) -> None:
    Decision.objects.filter(pk=decided.pk).update(**damage)
    found = replayed(decided)
    assert found.outcome is Outcome.IMPOSSIBLE and "damaged" in found.note


def test_a_model_that_was_pruned_is_named(decided: Decision) -> None:
    shutil.rmtree(folder_of(decided))
    found = replayed(decided)
    assert found.outcome is Outcome.IMPOSSIBLE
    assert "is not on disk any more" in found.note and str(learning.VERSIONS_KEPT) in found.note


def test_a_damaged_model_is_not_believed(decided: Decision) -> None:
    next(folder_of(decided).glob("*.npy")).write_bytes(b"")
    assert replayed(decided).outcome is Outcome.IMPOSSIBLE


def test_a_text_that_was_erased_or_changed_is_not_passed_off_as_the_one_judged(decided: Decision) -> None:
    decided.ticket.messages.filter(sender="requester").update(body="[erased]")
    found = replayed(decided)
    assert found.outcome is Outcome.IMPOSSIBLE and "changed or erased" in found.note


def test_a_follow_up_judged_with_its_inherited_subject_is_replayed_so(
    decided: Decision, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As decisions of the first release were."""
    monkeypatch.setattr(pipeline, "read", partial(read, inherited=True))
    earlier = decided.ticket
    later = submit(subject=earlier.subject, body="where is my order", follow_up_of=earlier).decisions.get()
    assert later.basis["text"] == read(later.ticket, inherited=True).fingerprint
    assert later.basis["text"] != read(later.ticket).fingerprint
    assert replayed(later).outcome is Outcome.IDENTICAL


def test_a_failure_of_the_engine_has_nothing_to_replay(
    decided: Decision, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.runtime, "assess", lambda *text: 1 / 0)
    failed = submit(**QUESTION).decisions.get()
    assert failed.reason == "engine_failed"
    assert replayed(failed).outcome is Outcome.IMPOSSIBLE


def test_an_answer_withdrawn_at_the_last_moment_is_replayed_as_that(
    shop: dict[str, Intent], submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = pipeline.judge

    def retire_meanwhile(ticket: Ticket) -> pipeline.Verdict:
        verdict = judge(ticket)
        Answer.objects.update(state=Answer.State.RETIRED)
        return verdict

    monkeypatch.setattr(pipeline, "judge", retire_meanwhile)
    ticket = submit(**QUESTION)
    decision = ticket.decisions.get()
    assert (ticket.status, decision.reason) == (Status.ESCALATED, "no_answer")
    assert "withdrawn" in decision.detail
    assert replayed(decision).outcome is Outcome.IDENTICAL


def test_what_an_older_reading_decided_otherwise_is_told_apart(decided: Decision) -> None:
    assert decided.basis["reading"] == READING_VERSION
    older = {name: value for name, value in decided.basis.items() if name != "reading"}
    Decision.objects.filter(pk=decided.pk).update(basis=older)
    assert replayed(decided).outcome is Outcome.IDENTICAL
    Decision.objects.filter(pk=decided.pk).update(basis={**older, "several_questions": True})
    found = replayed(decided)
    assert found.outcome is Outcome.READ_DIFFERENTLY
    assert [difference.field for difference in found.differences] == ["several_questions"]
    Decision.objects.filter(pk=decided.pk).update(basis={**decided.basis, "several_questions": True})
    assert replayed(decided).outcome is Outcome.DIFFERENT


def test_the_command_names_what_is_read_differently_and_does_not_fail(decided: Decision) -> None:
    older = {**decided.basis, "several_questions": True, "reading": READING_VERSION - 1}
    Decision.objects.filter(pk=decided.pk).update(basis=older)
    told = command()
    assert "read differently now: several_questions: stored True, replayed False" in told
    assert told.splitlines()[-1].startswith(
        "0 identical, 0 partly replayed, 1 read differently now, 0 different"
    )


# --- the command -----------------------------------------------------------------------------------------


def test_the_command_counts_and_stays_silent_about_what_is_identical(
    decided: Decision, submit: Submit
) -> None:
    submit(subject="", body="where is my parcel")
    assert command().startswith(
        "2 identical, 0 partly replayed, 0 read differently now, 0 different, 0 cannot be replayed"
    )
    assert command("--last", "1").startswith("1 identical")
    for name in (str(decided.pk), decided.ticket.reference):
        assert command(name).startswith("1 identical")


def test_the_command_fails_and_names_the_field_that_differs(decided: Decision) -> None:
    Decision.objects.filter(pk=decided.pk).update(confidence=0.5)
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("replay_decisions", stdout=out, stderr=StringIO())
    assert error.value.returncode == 1
    assert f"({decided.ticket.reference}) different: confidence: stored 0.5, replayed 0." in out.getvalue()


def test_the_command_says_when_nothing_could_be_replayed(decided: Decision) -> None:
    shutil.rmtree(folder_of(decided))
    with pytest.raises(CommandError, match="No decision could be replayed") as error:
        command()
    assert error.value.returncode == 2


def test_only_the_decisions_of_one_model_version(decided: Decision, submit: Submit, trained: Path) -> None:
    second = promoted(trained, "model-2")
    later = submit(subject="", body="where is my parcel").decisions.get()
    assert later.model_version == second
    assert command(model=decided.model_version_id).startswith("1 identical")


@pytest.mark.parametrize(
    "arguments", [["999999"], ["T-NONE"], ["9" * 40], ["--model", "77"], ["--last", "0"]]
)
def test_what_is_not_there_is_refused(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError) as error:
        command(*arguments)
    assert error.value.returncode == 2
