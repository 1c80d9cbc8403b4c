"""The bridge between rows and the engine, with a small real model and index: what changes counts at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from tests.conftest import person
from tests.triage.core.concepts import ConceptEncoder
from tickets.models import Closure, Status, Ticket
from triage.core.types import Source
from triage.learning import train as learning
from triage.models import Answer, Decision, Example, Guard, Intent, ModelVersion, Rule, fingerprint
from triage.running import pipeline, sentence_encoder
from triage.running.runtime import EngineSlow, EngineUnavailable, Runtime

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
PHRASES = {
    "track_order": ("where is my {}", "when will my {} arrive", "has the {} been sent yet", "track the {}"),
    "get_refund": ("i want my money back for the {}", "please refund the {}", "how do i return the {}"),
    "login_issue": ("i cannot sign in to see the {}", "password rejected on the {} page", "locked out of {}"),
}
THINGS = ("parcel", "order", "jacket", "phone", "lamp", "desk")


@pytest.fixture
def shop(settings: Any, tmp_path: Path) -> dict[str, Intent]:
    """Automated intents with answers and examples, nothing trained yet."""
    settings.TRIAGE_MODEL_DIR = tmp_path / "models"
    intents = {slug: Intent.objects.create(slug=slug, title=slug, mode="auto") for slug in PHRASES}
    for slug, phrases in PHRASES.items():
        Answer.objects.create(intent=intents[slug], body=f"The answer to {slug}.").approve(None)
        texts = [phrase.format(thing) for phrase in phrases for thing in THINGS]
        Example.objects.bulk_create(
            Example(text=text, intent=intents[slug], fingerprint=fingerprint(text)) for text in texts
        )
    return intents


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """A runtime of this test's own, used by the pipeline too."""
    fresh = Runtime()
    monkeypatch.setattr(pipeline, "runtime", fresh)
    yield fresh
    fresh._executor.shutdown(wait=False, cancel_futures=True)


def settled(body: str, **facts: Any) -> Ticket:
    """A ticket resolved just now."""
    ticket = Ticket.objects.create(
        requester_email="rita@example.com", subject=body, status=Status.ESCALATED, **facts
    )
    ticket.messages.create(sender="requester", body=body)
    ticket.resolve(actor=person(f"agent{ticket.pk}@example.com", Role.AGENT, "Anna"))
    return ticket


def test_without_a_model_the_keyword_rules_decide(shop: dict[str, Intent], runtime: Runtime) -> None:
    Rule.objects.create(intent=shop["get_refund"], pattern="refund*", weight=0.9)
    assessment = runtime.assess("Refund please", "I want a refund").assessment
    assert (assessment.source, assessment.intent) == (Source.RULES, "get_refund")


def test_a_promoted_version_decides_from_the_next_ticket_on(
    shop: dict[str, Intent], runtime: Runtime
) -> None:
    runtime.assess("", "where is my parcel")
    trained = learning.train(promote=False)
    assert runtime.assess("", "where is my parcel").snapshot.champion is None
    trained.version.promote()
    after = runtime.assess("", "where is my parcel")
    assert (after.snapshot.champion, after.assessment.source) == (trained.version, Source.MODEL)
    assert after.assessment.intent == "track_order"


def test_going_back_to_an_earlier_version_counts_at_once(shop: dict[str, Intent], runtime: Runtime) -> None:
    first, second = learning.train().version, learning.train(seed=1).version
    assert runtime.snapshot().champion == second
    first.promote()
    assert runtime.snapshot().champion == first


def test_the_model_is_loaded_once_and_kept(shop: dict[str, Intent], runtime: Runtime) -> None:
    learning.train()
    before = runtime.snapshot().engine
    runtime.assess("", "where is my parcel")
    assert runtime.snapshot().engine is before


def test_a_changed_rule_counts_at_once_and_keeps_the_model(shop: dict[str, Intent], runtime: Runtime) -> None:
    learning.train()
    before = runtime.snapshot()
    Guard.objects.create(topic="legal", pattern="lawyer*")
    after = runtime.assess("", "my lawyer asks where is my parcel")
    assert after.assessment.guard.topic == "legal"
    assert after.snapshot.rules_fingerprint != before.rules_fingerprint
    assert after.snapshot.engine.model is before.engine.model


@pytest.mark.parametrize("change", ["mode", "answer", "delete"])
def test_what_a_supervisor_withdraws_is_not_sent_any_more(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, change: str
) -> None:
    Rule.objects.create(intent=shop["get_refund"], pattern="refund*", weight=0.9)
    assert submit(body="refund my lamp").status == Status.AUTO_RESOLVED
    if change == "mode":
        shop["get_refund"].mode = "off"
        shop["get_refund"].save()
    elif change == "answer":
        shop["get_refund"].answers.get().retire()
    else:
        Rule.objects.get().delete()
    assert submit(body="refund my lamp").status == Status.ESCALATED


def test_a_ticket_resolved_meanwhile_is_found_as_similar(shop: dict[str, Intent], runtime: Runtime) -> None:
    learning.train()
    runtime.assess("", "where is my parcel")
    ticket = settled("my violet umbrella arrived broken")
    (similar,) = runtime.assess("", "the violet umbrella is broken").assessment.similar
    assert similar.id == ticket.pk


def test_what_was_resolved_before_the_training_is_in_the_stored_index(
    shop: dict[str, Intent], runtime: Runtime
) -> None:
    ticket = settled("my violet umbrella arrived broken")
    assert learning.train().indexed_tickets == 1
    (similar,) = runtime.assess("", "the violet umbrella is broken").assessment.similar
    assert (similar.id, runtime.snapshot().engine.index.recent) == (ticket.pk, 0)


def test_a_precedent_that_an_agent_put_out_of_scope_has_no_intent(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, agent: User
) -> None:
    Rule.objects.create(intent=shop["get_refund"], pattern="refund*", weight=0.9)
    ticket = submit(subject="Umbrella", body="refund my violet umbrella")
    ticket.decisions.get().correct(None, by=agent)
    ticket.close(Closure.AGENT)
    (similar,) = runtime.assess("", "violet umbrella").assessment.similar
    assert (similar.id, similar.intent, similar.confirmed) == (ticket.pk, None, True)


def test_an_intent_that_an_agent_names_after_the_ticket_was_settled_counts_at_once(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, agent: User
) -> None:
    Rule.objects.create(intent=shop["get_refund"], pattern="refund*", weight=0.9)
    ticket = submit(subject="", body="refund my violet umbrella")
    ticket.close(Closure.AGENT)
    before = runtime.assess("", "refund my violet umbrella").assessment
    ticket.decisions.get().correct(shop["track_order"], by=agent)
    after = runtime.assess("", "refund my violet umbrella").assessment
    assert (before.confidence, before.similar[0].confirmed) == (0.9, False)
    assert (after.similar[0].intent, after.similar[0].confirmed) == ("track_order", True)
    assert after.confidence < 0.75 and after.objection.id == ticket.pk
    assert submit(subject="", body="refund my violet umbrella").status == Status.ESCALATED


def test_an_imported_label_is_a_person_s_word_and_learnt_by_the_next_training(
    shop: dict[str, Intent], runtime: Runtime
) -> None:
    learning.train()
    ticket = settled("the violet umbrella is broken")
    Example.objects.create(text=ticket.subject, ticket=ticket, intent=shop["login_issue"])
    (similar,) = runtime.assess("", "violet umbrella").assessment.similar
    assert (similar.intent, similar.confirmed) == ("login_issue", True)
    learning.train()
    (similar,) = runtime.assess("", "violet umbrella").assessment.similar
    assert (similar.intent, similar.confirmed) == ("login_issue", False)


def test_an_open_ticket_is_not_shown_as_a_precedent(shop: dict[str, Intent], runtime: Runtime) -> None:
    Ticket.objects.create(requester_email="r@example.com", subject="my violet umbrella arrived broken")
    assert runtime.assess("", "the violet umbrella is broken").assessment.similar == ()


def spoil(version: ModelVersion, how: str) -> None:
    """Damage the stored model as disks and people do."""
    files = sorted(file for file in version.path.rglob("*") if file.is_file())
    if how == "gone":
        version.path.rename(version.path.with_name("elsewhere"))
    elif how == "a file gone":
        files[0].unlink()
    elif how == "cut short":
        files[-1].write_bytes(files[-1].read_bytes()[:-7])
    elif how == "a flipped bit":
        largest = max(files, key=lambda file: file.stat().st_size)
        content = bytearray(largest.read_bytes())
        content[len(content) // 2] ^= 1
        largest.write_bytes(content)
    elif how == "index gone":
        assert version.index_path is not None
        version.index_path.rename(version.path.with_name("elsewhere"))


@pytest.mark.parametrize("how", ["gone", "a file gone", "cut short", "a flipped bit", "index gone"])
def test_a_damaged_artefact_brings_every_ticket_to_a_person(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, how: str
) -> None:
    version = learning.train().version
    spoil(version, how)
    with pytest.raises(EngineUnavailable):
        runtime.assess("", "where is my parcel")
    ticket = submit(subject="", body="where is my parcel")
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "engine_failed")


def test_a_mended_artefact_is_used_without_a_restart(shop: dict[str, Intent], runtime: Runtime) -> None:
    version = learning.train().version
    spoil(version, "gone")
    with pytest.raises(EngineUnavailable):
        runtime.assess("", "where is my parcel")
    version.path.with_name("elsewhere").rename(version.path)
    assert runtime.assess("", "where is my parcel").assessment.intent == "track_order"


def test_a_model_that_is_loaded_outlives_its_files(shop: dict[str, Intent], runtime: Runtime) -> None:
    version = learning.train().version
    runtime.warm()
    spoil(version, "gone")
    assert runtime.assess("", "where is my parcel").assessment.intent == "track_order"


class Stuck:
    """An engine that does not come back until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __call__(self, subject: str, body: str) -> Any:
        self.let_go.wait(20)
        raise AssertionError("nobody waits for this any more")


def test_a_slow_engine_escalates_and_the_next_ticket_does_not_wait_behind_it(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRIAGE_TIMEOUT_SECONDS = 0.2
    engine, stuck = runtime.snapshot().engine, Stuck()
    with monkeypatch.context() as slow:
        slow.setattr(engine, "assess", stuck)
        with pytest.raises(EngineSlow):
            runtime.assess("", "where is my parcel")
        ticket = submit(body="where is my parcel")
        assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "engine_slow")
    settings.TRIAGE_TIMEOUT_SECONDS = 5
    started = time.monotonic()
    runtime.assess("", "where is my parcel")
    stuck.let_go.set()
    assert time.monotonic() - started < 4


def test_one_text_that_hangs_fails_no_other(
    shop: dict[str, Intent], runtime: Runtime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five wait behind it: it alone is given up."""
    settings.TRIAGE_TIMEOUT_SECONDS = 1
    engine = runtime.snapshot().engine
    really, let_go = type(engine).assess, threading.Event()

    def assess(subject: str, body: str) -> Any:
        if "hang" in body:
            let_go.wait(20)
        return really(engine, subject, body)

    monkeypatch.setattr(engine, "assess", assess)
    outcomes: dict[str, Any] = {}

    def ask(text: str) -> None:
        try:
            snapshot = runtime._snapshot
            assert snapshot is not None
            outcomes[text] = runtime._in_turn(snapshot.engine, "", text)
        except Exception as error:
            outcomes[text] = error

    texts = ["hang here", *(f"where is my parcel {number}" for number in range(5))]
    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(20)
    let_go.set()
    assert isinstance(outcomes.pop("hang here"), EngineSlow)
    assert [text for text, outcome in outcomes.items() if isinstance(outcome, Exception)] == []
    assert len(outcomes) == 5


def test_a_customer_sees_similar_tickets_of_their_own_and_no_strangers(
    shop: dict[str, Intent], runtime: Runtime, api: Any, requester: User, stranger: User
) -> None:
    own = settled("my violet umbrella arrived broken", requester=requester)
    foreign = settled("the violet umbrella came broken", requester=stranger)
    created = api(requester).post("/api/tickets", {"body": "violet umbrella broken"}).json()
    similar = api(requester).post(f"/api/tickets/{created['id']}/resolve").json()["similar_tickets"]
    assert {row["id"] for row in similar} == {own.reference}
    assert foreign.subject not in {row["subject"] for row in similar}


def test_a_confirmed_automatic_answer_becomes_a_precedent(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit
) -> None:
    Rule.objects.create(intent=shop["get_refund"], pattern="refund*", weight=0.9)
    ticket = submit(subject="Umbrella", body="refund my violet umbrella")
    ticket.close(Closure.CONFIRMED)
    (similar,) = runtime.assess("", "violet umbrella").assessment.similar
    assert (similar.id, similar.intent, similar.confirmed) == (ticket.pk, "get_refund", False)


@pytest.fixture
def encoder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConceptEncoder:
    """An encoder that is set, without weights."""
    settings.TRIAGE_ENCODER = tmp_path
    found = ConceptEncoder()
    monkeypatch.setattr(sentence_encoder, "opened", lambda folder: found)
    return found


def test_with_an_encoder_a_model_of_words_brings_every_ticket_to_a_person(
    shop: dict[str, Intent], runtime: Runtime, submit: Submit, encoder: ConceptEncoder, settings: Any
) -> None:
    folder, settings.TRIAGE_ENCODER = settings.TRIAGE_ENCODER, None
    learning.train()
    settings.TRIAGE_ENCODER = folder
    assert submit(body="please refund the lamp").status == Status.ESCALATED
    assert "without the sentence encoder" in Decision.objects.get().detail
    learning.train()
    submit(body="please refund the lamp")
    assert Decision.objects.latest("pk").source == Source.MODEL


def test_with_an_encoder_similar_tickets_are_put_in_order_by_meaning(
    shop: dict[str, Intent], runtime: Runtime, encoder: ConceptEncoder
) -> None:
    stored = settled("please repay the violet umbrella")
    learning.train()
    added = settled("the violet umbrella please")
    found = runtime.assess("", "please reimburse the violet umbrella").assessment.similar
    assert [ticket.id for ticket in found] == [stored.pk, added.pk]


def test_an_encoder_of_other_weights_is_never_put_up_with(
    shop: dict[str, Intent], runtime: Runtime, encoder: ConceptEncoder
) -> None:
    learning.train()
    encoder.fingerprint = "other weights"
    with pytest.raises(EngineUnavailable, match="another"):
        runtime.assess("", "please refund the lamp")


def test_a_large_import_is_caught_up_with_in_steps(
    shop: dict[str, Intent], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.running.runtime.CATCH_UP_BATCH", 2)
    runtime.assess("", "hello")
    for number in range(5):
        settled(f"violet umbrella {number}")
    found = [len(runtime.assess("", "violet umbrella").assessment.similar) for _ in range(4)]
    assert found == [2, 4, 5, 5]
