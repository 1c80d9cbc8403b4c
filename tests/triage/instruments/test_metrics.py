"""The numbers behind the metrics page and the metrics endpoint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.intake.history import PastTicket, save_past_tickets
from tickets.intake.replies import send_reply
from tickets.models import Channel, Closure, Ticket
from triage.instruments import metrics
from triage.instruments.figures import counting
from triage.machines.models import Asking
from triage.models import Decision, Intent

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]


@pytest.fixture
def answered(submit: Submit, engine: FakeEngine, refund_intent: Intent) -> Callable[[], Ticket]:
    """A fresh ticket that the machine has answered, each of another guest."""
    number = count()

    def make() -> Ticket:
        engine.says(refund_intent.slug, 0.97)
        return submit(guest_email=f"guest{next(number)}@example.com")

    return make


@pytest.fixture
def escalated(submit: Submit, engine: FakeEngine, refund_intent: Intent) -> Callable[[], Ticket]:
    """A fresh ticket that triage handed to the team."""

    def make() -> Ticket:
        engine.says(refund_intent.slug, 0.4)
        return submit()

    return make


def move(ticket: Ticket, **past: Any) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**past)


def test_an_empty_helpdesk_has_zeroes_and_no_shares() -> None:
    found = metrics.collect(7)
    assert (found.created, found.coverage, found.feedback.average_rating) == (0, None, None)
    assert found.first_response == metrics.ResponseTime()
    assert found.automatic == metrics.Outcome()
    assert len(found.by_day) == 7


def test_a_period_needs_a_day() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        metrics.collect(0)


def test_volume_is_counted_on_the_day_it_happened(
    answered: Callable[[], Ticket], escalated: Callable[[], Ticket]
) -> None:
    answered(), escalated(), escalated()
    old = escalated()
    two_days_ago = timezone.now() - timedelta(days=2)
    move(old, created_at=two_days_ago)
    Decision.objects.filter(ticket=old).update(created_at=two_days_ago)
    found = metrics.collect(7)
    assert found.by_day[-1] == metrics.Day(date=timezone.localdate(), created=3, auto_resolved=1, escalated=2)
    assert (found.by_day[-3].created, found.by_day[-3].escalated) == (1, 1)
    assert (found.created, found.auto_resolved, found.escalated, found.coverage) == (4, 1, 3, 0.25)


def test_what_lies_before_the_period_is_left_out(escalated: Callable[[], Ticket]) -> None:
    old = escalated()
    before = timezone.now() - timedelta(days=8)
    move(old, created_at=before)
    Decision.objects.filter(ticket=old).update(created_at=before)
    assert metrics.collect(7).created == metrics.collect(7).escalated == 0
    assert metrics.collect(30).created == 1


def test_imported_history_is_no_volume() -> None:
    Ticket.objects.create(
        requester_email="x@example.com", subject="Old", channel=Channel.IMPORT, status="closed"
    )
    assert metrics.collect(7).created == 0


def test_imported_answers_and_ratings_are_not_the_house_s_own() -> None:
    now = timezone.now()
    past = PastTicket(
        external_id="old:1", subject="Old", body="Where is it?", requester_email="x@example.com",
        created_at=now - timedelta(days=2), reply="Here.", answered_at=now - timedelta(days=1), rating=5,
    )  # fmt: skip
    save_past_tickets([past])
    found = metrics.collect(7)
    assert (found.feedback.count, found.human, found.first_response.count) == (0, metrics.Outcome(), 0)


def test_automatic_resolution_is_told_in_its_parts(answered: Callable[[], Ticket]) -> None:
    answered().record_feedback(solved=True)
    answered().close(Closure.SILENCE)
    answered().record_feedback(solved=False)
    answered().request_person()
    answered()
    assert metrics.collect(7).automatic == metrics.Outcome(
        answered=5, confirmed=1, assumed=1, refuted=2, undecided=1
    )


def test_an_answer_denied_after_the_ticket_was_closed_is_refuted(answered: Callable[[], Ticket]) -> None:
    ticket = answered()
    ticket.close(Closure.SILENCE)
    ticket.record_feedback(solved=False)
    found = metrics.collect(7)
    assert (found.automatic.assumed, found.automatic.refuted) == (0, 1)
    assert [line.reason for line in found.returns] == ["not_solved"]


def test_an_answer_that_an_agent_had_to_add_to_is_refuted(
    answered: Callable[[], Ticket], agent: User
) -> None:
    ticket = answered()
    ticket.reply("That was not what you asked. Here is how it works.", author=agent)
    ticket.resolve(actor=agent)
    ticket.close(Closure.SILENCE)
    found = metrics.collect(7)
    assert (found.automatic.assumed, found.automatic.refuted) == (0, 1)
    assert [line.reason for line in found.returns] == ["recalled"]


def test_why_automatic_answers_came_back_is_counted(answered: Callable[[], Ticket]) -> None:
    answered().record_feedback(solved=False)
    assert metrics.collect(7).returns == (
        metrics.ReasonLine(reason="not_solved", text="The requester says it is not solved", tickets=1),
    )


def test_people_s_answers_have_their_own_outcome(escalated: Callable[[], Ticket], agent: User) -> None:
    confirmed, waiting = escalated(), escalated()
    for ticket in (confirmed, waiting):
        ticket.reply("It is on its way.", author=agent)
        ticket.resolve(actor=agent)
    confirmed.record_feedback(solved=True)
    found = metrics.collect(7)
    assert found.human == metrics.Outcome(answered=2, confirmed=1, undecided=1)
    assert found.automatic == metrics.Outcome()


def test_the_machine_s_answers_never_count_as_first_responses(answered: Callable[[], Ticket]) -> None:
    answered().close(Closure.SILENCE)
    assert metrics.collect(7).first_response.count == 0


def test_first_response_is_measured_from_the_queue_not_from_the_automatic_answer(
    answered: Callable[[], Ticket], agent: User
) -> None:
    ticket = answered()
    ticket.request_person()
    now = timezone.now()
    move(ticket, created_at=now - timedelta(days=3), escalated_at=now - timedelta(minutes=10))
    ticket.reply("Hello, here I am.", author=agent)
    assert metrics.collect(7).first_response.median_seconds == pytest.approx(600, rel=0.02)


def test_a_later_escalation_leaves_the_first_response_as_it_was(
    escalated: Callable[[], Ticket], agent: User
) -> None:
    ticket = escalated()
    move(ticket, escalated_at=timezone.now() - timedelta(minutes=10))
    ticket.reply("Hello.", author=agent)
    ticket.reply("It still fails.", author=None)
    ticket.reply("Try this.", author=agent)
    response = metrics.collect(7).first_response
    assert (response.count, response.median_seconds) == (1, pytest.approx(600, rel=0.02))


def test_percentiles_are_nearest_rank(requester: User) -> None:
    now = timezone.now()
    for seconds in (10, 20, 30, 40, 50, 60, 70, 80, 90, 1000):
        Ticket.objects.create(
            requester=requester,
            requester_email=requester.email,
            subject="Hi",
            status="pending",
            first_human_reply_at=now,
            first_reply_seconds=seconds,
        )
    counting.begin_again()  # rows made without an Event
    response = metrics.collect(7).first_response
    assert response.count == 10
    assert (response.median_seconds, response.p90_seconds) == (50, pytest.approx(90, rel=0.02))


def test_feedback_is_counted_and_averaged(answered: Callable[[], Ticket]) -> None:
    answered().record_feedback(solved=True, rating=5)
    answered().record_feedback(solved=False, rating=2)
    answered().record_feedback(solved=True)
    feedback = metrics.collect(7).feedback
    assert (feedback.count, feedback.solved, feedback.not_solved) == (3, 2, 1)
    assert (feedback.ratings, feedback.average_rating, feedback.by_rating) == (2, 3.5, (0, 1, 0, 0, 1))


def test_the_backlog_is_what_waits_now(escalated: Callable[[], Ticket], agent: User) -> None:
    taken, old, replied = escalated(), escalated(), escalated()
    taken.assign(agent, actor=agent)
    replied.reply("Which order?", author=agent)
    move(old, escalated_at=timezone.now() - timedelta(hours=5))
    backlog = metrics.collect(7).backlog
    assert (backlog.escalated, backlog.unassigned, backlog.pending, backlog.open) == (2, 1, 1, 0)
    assert backlog.oldest_wait_seconds == pytest.approx(5 * 3600, abs=5)


def test_intents_are_listed_with_coverage_refuted_and_corrected(
    answered: Callable[[], Ticket], escalated: Callable[[], Ticket], agent: User
) -> None:
    answered().record_feedback(solved=False)
    answered()
    wrong, right = escalated(), escalated()
    other = Intent.objects.create(slug="double_charge", title="Charged twice")
    wrong.decisions.get().correct(other, by=agent)
    right.decisions.get().correct(right.decisions.get().intent, by=agent)
    assert metrics.collect(7).by_intent == (
        metrics.IntentLine(
            intent="track_refund",
            title="Where is my refund",
            tickets=4,
            auto_resolved=2,
            coverage=0.5,
            refuted=1,
            corrected=1,
        ),
    )


def test_none_of_ours_counts_as_a_correction(escalated: Callable[[], Ticket], agent: User) -> None:
    escalated().decisions.get().correct(None, by=agent)
    assert metrics.collect(7).by_intent[0].corrected == 1


def test_reasons_for_escalation_come_with_words(escalated: Callable[[], Ticket]) -> None:
    escalated(), escalated()
    assert metrics.collect(7).reasons == (
        metrics.ReasonLine(reason="low_confidence", text="The confidence is below the limit", tickets=2),
    )


def test_the_number_of_queries_does_not_grow(
    answered: Callable[[], Ticket], escalated: Callable[[], Ticket], agent: User
) -> None:
    def queries() -> int:
        counting.count_due()
        with CaptureQueriesContext(connection) as captured:
            metrics.collect(90)
        return len(captured)

    escalated().reply("Hello.", author=agent)
    before = queries()
    for _ in range(5):
        answered()
        escalated().reply("Hello.", author=agent)
    assert queries() == before <= 7


def test_what_is_in_quarantine_counts_nowhere(escalated: Callable[[], Ticket], agent: User) -> None:
    ticket = escalated()
    ticket.reply("Do we know you?", author=agent)
    ticket.record_feedback(solved=False, rating=1)
    ticket.decisions.get().correct(None, by=agent)
    before = metrics.collect(7)
    ticket.quarantine("spam", agent)
    after = metrics.collect(7)
    assert (before.created, before.escalated, before.backlog.escalated, before.feedback.count) == (1, 1, 1, 1)
    assert (after.created, after.triaged, after.backlog, after.feedback.count) == (0, 0, metrics.Backlog(), 0)
    assert (after.human, after.first_response) == (metrics.Outcome(), metrics.ResponseTime())
    assert (after.by_intent, after.reasons) == ((), ())
    assert before.by_intent[0].corrected == 1


def test_thanks_count_as_confirmed_and_refute_nothing(answered: Callable[[], Ticket]) -> None:
    send_reply(answered(), None, "Thank you!")
    assert metrics.collect(7).automatic == metrics.Outcome(answered=1, confirmed=1)


def test_what_was_said_of_the_machine_is_not_held_against_people(
    answered: Callable[[], Ticket], agent: User
) -> None:
    """The requester says "not solved" to the machine; a person then settles it."""
    ticket = answered()
    ticket.record_feedback(solved=False)
    ticket.reply("Here is the money.", author=agent)
    ticket.resolve(actor=agent)
    ticket.close(Closure.SILENCE)
    found = metrics.collect()
    assert (found.automatic.refuted, found.human.refuted, found.human.assumed) == (1, 0, 1)


def test_refuted_means_the_same_for_people_as_for_the_machine(
    escalated: Callable[[], Ticket], agent: User, requester: User
) -> None:
    """It came back after it was settled, or "not solved" was said; a question in between is a conversation."""
    talked, returned, denied, reopened = (escalated() for _ in range(4))
    for ticket in (talked, returned, denied, reopened):
        ticket.reply("Please try this.", author=agent)
    talked.reply("Which one?", author=None)
    talked.reply("The left one.", author=agent)
    talked.resolve(actor=agent)
    talked.close(Closure.CONFIRMED)
    for ticket in (returned, denied, reopened):
        ticket.resolve(actor=agent)
    returned.reply("It is broken again.", author=None)
    denied.record_feedback(solved=False)
    reopened.reopen(actor=agent)
    found = metrics.collect().human
    assert (found.answered, found.confirmed, found.refuted) == (4, 1, 3)


def test_questions_of_machines_are_counted_apart(requester):
    for answered, reason in ((True, "answered"), (False, "unsure"), (False, "unsure")):
        Asking.objects.create(
            user=requester, answered=answered, confidence=0.9, threshold=0.75, reason=reason, language="en"
        )
    Asking.objects.create(
        user=requester, answered=True, confidence=0.9, threshold=0.75, reason="answered",
        at=timezone.now() - timedelta(days=20),
    )  # fmt: skip
    found = metrics.collect(7)
    assert (found.machines.asked, found.machines.answered, found.machines.coverage) == (3, 1, 1 / 3)
    assert [(line.reason, line.tickets) for line in found.machines.refusals] == [("unsure", 2)]
    assert (found.created, found.triaged) == (0, 0)
    assert metrics.collect(30).machines.asked == 4
