"""Trials compare what people answered; audits are drawn with a probability that is kept."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from tests.triage.oversight.conftest import ANSWER
from triage.models import Decision, Intent
from triage.oversight import evidence, ladder
from triage.oversight.evidence import Audit, Trial

Shadowed = Callable[..., Decision]
Answered = Callable[..., Audit]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (ANSWER, Trial.Result.SAME),
        (f"{ANSWER} Anna", Trial.Result.SAME),
        ("Hello Gus, refunds take three days.", Trial.Result.EDITED),
        ("Your parcel is at the depot and comes tomorrow.", Trial.Result.OTHER),
        (f"{ANSWER} " + "And now for something completely different. " * 3, Trial.Result.EDITED),
        ("", Trial.Result.OTHER),
    ],
)
def test_a_reply_is_compared_with_the_answer(reply: str, result: Trial.Result) -> None:
    assert evidence.compare(ANSWER, reply)[0] == result


def test_texts_of_any_length_are_compared_in_bounded_time() -> None:
    started = timezone.now()
    evidence.compare("word " * 100_000, "drow " * 100_000)
    assert timezone.now() - started < timedelta(seconds=3)


def test_the_first_reply_of_a_person_is_a_trial(shadowed: Shadowed, agent: User) -> None:
    decision = shadowed()
    decision.ticket.reply(ANSWER, author=agent)
    trial = Trial.objects.get()
    assert (trial.decision, trial.result, trial.kept, trial.agrees) == (decision, "same", 1.0, True)
    decision.ticket.reply("Something else.", author=agent)
    assert Trial.objects.get().result == "same"


def test_another_intent_named_before_or_after_the_reply_is_another_matter(
    shadowed: Shadowed, agent: User
) -> None:
    before, after, agreed = (
        shadowed(),
        shadowed(guest_email="b@example.com"),
        shadowed(guest_email="c@example.com"),
    )
    before.correct(None, by=agent)
    before.ticket.reply(ANSWER, author=agent)
    after.ticket.reply(ANSWER, author=agent)
    after.correct(None, by=agent)
    agreed.correct(agreed.intent, by=agent)
    agreed.ticket.reply(ANSWER, author=agent)
    assert Counter(Trial.objects.values_list("result", flat=True)) == {"other_intent": 2, "same": 1}


def test_what_was_sent_is_no_trial(answered: Answered, agent: User) -> None:
    answered().decision.ticket.reply(ANSWER, author=agent)
    assert not Trial.objects.exists()


def test_what_would_not_have_been_sent_is_no_trial(shadowed: Shadowed, agent: User) -> None:
    decision = shadowed()
    Decision.objects.filter(pk=decision.pk).update(would_send=False)
    decision.ticket.reply(ANSWER, author=agent)
    assert not Trial.objects.exists()


# --- the draw --------------------------------------------------------------------------------------------


def test_every_automatic_answer_keeps_the_probability_of_its_draw(answered: Answered) -> None:
    audit = answered()
    assert audit.part == "answered"
    assert audit.probability == evidence.NEW_SHARE
    assert audit.weight == 1.0


@pytest.mark.parametrize(
    ("confidence", "sent", "changed", "share", "expected"),
    [
        (0.99, 50, False, 0.1, (0.1, 0.1)),
        (0.80, 50, False, 0.1, (0.2, 0.1)),
        (0.99, 50, True, 0.1, (0.2, 0.2)),
        (0.80, 50, True, 0.1, (0.4, 0.2)),
        (0.99, 49, False, 0.1, (0.5, 0.5)),
        (0.80, 0, False, 0.1, (1.0, 0.5)),
        (0.99, 50, False, 0.0, (0.005, 0.005)),
        (0.80, 50, True, 1.0, (1.0, 1.0)),
    ],
)
def test_the_probability_grows_with_doubt_and_is_never_nothing(
    settings: Any, confidence: float, sent: int, changed: bool, share: float, expected: tuple[float, float]
) -> None:
    settings.TRIAGE_AUDIT_SHARE = share
    decision = Decision(confidence=confidence, threshold=0.75)
    assert evidence.shares(decision, sent=sent, changed=changed) == pytest.approx(expected)


def test_the_lot_falls_as_often_as_it_says(answered: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    lots = iter([0.49, 0.51, 0.0, 0.999])
    monkeypatch.setattr(random, "random", lambda: next(lots))
    assert [answered().drawn for _ in range(4)] == [True, False, True, False]


def test_the_database_refuses_a_draw_without_a_probability(answered: Answered) -> None:
    audit = answered()
    with pytest.raises(IntegrityError), transaction.atomic():
        Audit.objects.filter(pk=audit.pk).update(probability=0)


def test_a_refusal_is_reviewed_for_certain(answered: Answered) -> None:
    audit = answered(drawn=False)
    assert not evidence.due().exists()
    audit.decision.ticket.record_feedback(solved=True, rating=5)
    assert not evidence.due().exists()
    audit.decision.ticket.record_feedback(solved=False)
    assert evidence.due().get() == audit


def test_a_sample_of_the_escalated_is_drawn(shadowed: Shadowed, settings: Any) -> None:
    settings.TRIAGE_AUDIT_SHARE_ESCALATED = 1.0
    audit = Audit.objects.get(decision=shadowed())
    assert (audit.part, audit.probability, audit.drawn) == ("escalated", 1.0, True)
    settings.TRIAGE_AUDIT_SHARE_ESCALATED = 0.0
    assert not Audit.objects.filter(decision=shadowed(guest_email="b@example.com")).exists()


# --- evidence --------------------------------------------------------------------------------------------


def test_the_evidence_counts_trials_and_reviewed_draws_of_thirty_days(
    shadowed: Shadowed, answered: Answered, agent: User, refund_intent: Intent
) -> None:
    shadowed().ticket.reply(ANSWER, author=agent)
    shadowed(guest_email="b@example.com").ticket.reply("No.", author=agent)
    old = shadowed(guest_email="c@example.com")
    old.ticket.reply("No.", author=agent)
    Trial.objects.filter(decision=old).update(at=timezone.now() - timedelta(days=31))
    answered(drawn=True, verdict="harmful")
    answered(drawn=True, verdict="partly")
    answered(drawn=True)
    answered(
        drawn=False, refused_at=timezone.now(), verdict="wrong"
    )  # no random draw: it says nothing of the share
    found = ladder.evidence(refund_intent)
    assert (found.trials, found.audits, found.wrong, found.seen) == (2, 2, 2, 4)
    assert not found.holds


def test_forty_five_right_ones_are_enough_and_forty_four_are_not() -> None:
    needed = ladder.Evidence(0, 0, 1.0, 0.05, 0, 0, timezone.now()).needed
    assert needed == 45
