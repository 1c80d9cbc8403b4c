"""What the page of a ticket knows, and what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Message, Ticket
from tickets.teams.sight import closed_to
from triage.core.types import SimilarTicket, Stance, StanceFound, Term
from triage.desk.conversation import earlier_messages
from triage.desk.desk import open_desk, read_trail
from triage.desk.suggestion import LEAST_CONFIDENCE
from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]


@pytest.fixture
def waiting(submit: Submit, engine: FakeEngine, refund_intent: Intent) -> Callable[..., Ticket]:
    """A ticket in the queue since ``hours`` ago."""

    def make(hours: int = 1, assignee: User | None = None, **facts: object) -> Ticket:
        engine.says(refund_intent.slug, 0.6)
        ticket = submit(**facts)
        since = timezone.now() - timedelta(hours=hours)
        Ticket.objects.filter(pk=ticket.pk).update(escalated_at=since, assignee=assignee)
        ticket.refresh_from_db()
        return ticket

    return make


# --- what the page shows ---------------------------------------------------------------------------------


def test_the_approved_answer_is_suggested_in_the_agent_s_name(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    desk = open_desk(waiting(guest_name="Lee Wong"), agent)
    assert desk.suggestion is not None
    assert desk.suggestion.text == "Hello Lee, refunds take five days.\n\nAnna Agent"
    assert (desk.suggestion.sure, desk.suggestion.intent) == (0.6, "Where is my refund")
    assert desk.reason == "The confidence is below the limit"


def test_after_a_correction_the_right_intent_s_answer_is_suggested(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting()
    right = Intent.objects.create(slug="double_charge", title="Charged twice", mode="auto")
    Answer.objects.create(intent=right, body="One of the two bookings disappears.").approve(None)
    ticket.decisions.get().correct(right, by=agent)
    found = open_desk(ticket, agent).suggestion
    assert found is not None
    assert (found.text, found.sure) == ("One of the two bookings disappears.\n\nAnna Agent", None)


def test_none_of_ours_leaves_nothing_to_suggest(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    ticket.decisions.get().correct(None, by=agent)
    assert open_desk(ticket, agent).suggestion is None


def test_what_the_machine_already_sent_is_not_suggested_again(
    submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    engine.says(refund_intent.slug, 0.97)
    ticket = submit()
    ticket.request_person()
    assert open_desk(ticket, agent).suggestion is None


def test_an_intent_that_is_off_suggests_nothing_whoever_named_it(
    waiting: Callable[..., Ticket], refund_intent: Intent, agent: User
) -> None:
    ticket = waiting()
    Intent.objects.filter(pk=refund_intent.pk).update(mode="off")
    assert open_desk(ticket, agent).suggestion is None
    ticket.decisions.get().correct(refund_intent, by=agent)
    assert open_desk(ticket, agent).suggestion is None


@pytest.mark.parametrize(("sure", "offered"), [(LEAST_CONFIDENCE, True), (LEAST_CONFIDENCE - 0.01, False)])
def test_below_a_floor_of_confidence_nothing_is_suggested(
    submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User, sure: float, offered: bool
) -> None:
    engine.says(refund_intent.slug, sure)
    assert (open_desk(submit(), agent).suggestion is not None) is offered


@pytest.mark.parametrize(
    "facts",
    [
        {"in_scope": False},
        {"stance": StanceFound(Stance.GRAVE, 0.4)},
        {"stance": StanceFound(Stance.NOT_ASKED, 0.4)},
    ],
)
def test_what_nobody_plainly_asks_gets_no_letter(
    submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User, facts: dict
) -> None:
    engine.says(refund_intent.slug, 0.97, **facts)
    assert open_desk(submit(), agent).suggestion is None


def test_a_neighbour_that_is_hardly_alike_is_not_shown(
    waiting: Callable[..., Ticket], submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    past = waiting()
    past.resolve(actor=agent)
    engine.says(refund_intent.slug, 0.6, similar=(SimilarTicket(past.pk, 0.12),))
    assert open_desk(submit(), agent).around.neighbours == []


def test_similar_tickets_come_with_the_human_reply_that_settled_them(
    waiting: Callable[..., Ticket], submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    past = waiting(subject="Money not back")
    past.note("Called the bank.", author=agent)
    past.reply("It is booked.", author=agent)
    past.resolve(actor=agent)
    gone = past.pk + 1000
    engine.says(refund_intent.slug, 0.4, similar=(SimilarTicket(past.pk, 0.9), SimilarTicket(gone, 0.8)))
    neighbours = open_desk(submit(), agent).around.neighbours
    assert [(found.ticket, found.similarity, found.reply) for found in neighbours] == [
        (past, 0.9, "It is booked.")
    ]


def test_a_similar_ticket_that_came_back_is_no_model_any_more(
    waiting: Callable[..., Ticket], submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    past = waiting()
    past.reply("It is booked.", author=agent)
    past.resolve(actor=agent)
    engine.says(refund_intent.slug, 0.4, similar=(SimilarTicket(past.pk, 0.9),))
    ticket = submit()
    past.reopen(actor=agent)
    assert open_desk(ticket, agent).around.neighbours == []


def test_terms_are_told_apart_by_their_side(
    submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    engine.says(refund_intent.slug, 0.4, terms=(Term("refund", 2.0), Term("password", -1.0)))
    desk = open_desk(submit(), agent)
    assert [(term.text, term.width) for term in desk.terms_for] == [("refund", 100)]
    assert [(term.text, term.width) for term in desk.terms_against] == [("password", 50)]


def test_a_guest_s_other_tickets_are_those_of_the_same_address(
    waiting: Callable[..., Ticket], requester: User, agent: User
) -> None:
    mine, same = waiting(guest_email="g@example.com"), waiting(guest_email="g@example.com")
    waiting(guest_email="h@example.com"), waiting(requester=requester)
    desk = open_desk(mine, agent)
    assert (desk.around.others_count, [other.ticket for other in desk.around.open_others]) == (1, [same])


def test_a_long_conversation_shows_its_end_and_gives_the_rest_in_pieces(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting()
    Message.objects.bulk_create(
        Message(ticket=ticket, author=agent, kind="note", sender="agent", body=f"Note {at}")
        for at in range(200)
    )
    desk = open_desk(ticket, agent)
    assert (len(desk.conversation), desk.earlier, desk.conversation[-1].body) == (20, 181, "Note 199")
    shown, left = list(desk.conversation), desk.earlier
    while left:
        rows, left = earlier_messages(ticket, shown[0].pk)
        shown = [*rows, *shown]
    assert shown == list(ticket.messages.order_by("id"))
    assert len(open_desk(ticket, agent, whole=True).conversation) == 201


def test_the_trail_names_the_people(waiting: Callable[..., Ticket], agent: User, other_agent: User) -> None:
    ticket = waiting()
    ticket.assign(other_agent, actor=agent)
    ticket.assign(None, actor=other_agent)
    assert [trace.detail for trace in read_trail(ticket)][:2] == ["back to the queue", "to Otto Other"]


def test_the_page_s_queries_do_not_grow_with_the_ticket(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    ticket = waiting()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk = open_desk(ticket, agent)
            assert [file for message in desk.conversation for file in message.attachments.all()] == []
        return len(captured)

    ticket.assign(agent, actor=agent)
    closed_to(agent)  # asked once a request
    before = queries()
    for at in range(6):
        waiting()
        ticket.note(f"Note {at}", author=other_agent)
        ticket.assign(agent if at % 2 else other_agent, actor=agent)
    assert queries() == before


# --- the same person ------------------------------------------------------------------------------------


def test_open_tickets_of_the_same_person_come_first_and_the_same_matter_is_marked(
    waiting: Callable[..., Ticket], engine: FakeEngine, submit: Submit, requester: User, agent: User
) -> None:
    settled = waiting(requester=requester)
    settled.resolve(actor=agent)
    same = waiting(guest_email="Rita+shop@example.com", assignee=agent)
    engine.says(None, 0.1)
    other = submit(requester=requester, subject="Something else")
    desk = open_desk(waiting(requester=requester), agent)
    shown = [(one.ticket, one.same_matter) for one in desk.around.open_others]
    assert shown == [(other, False), (same, True)]
    assert [one.ticket for one in desk.around.others] == [settled]
    assert (desk.same_matter, desk.around.others_count) == (same, 3)


def test_what_an_agent_named_counts_as_the_matter(
    waiting: Callable[..., Ticket], requester: User, agent: User
) -> None:
    first, second = waiting(requester=requester), waiting(requester=requester)
    first.decisions.get().correct(None, by=agent)
    assert open_desk(second, agent).same_matter is None


def test_a_follow_up_is_on_the_matter_it_follows(
    engine: FakeEngine, submit: Submit, requester: User, agent: User
) -> None:
    engine.says(None, 0.1)
    first = submit(requester=requester)
    later = submit(requester=requester, follow_up_of=first)
    assert open_desk(later, agent).same_matter == first
    assert open_desk(first, agent).same_matter == later


def test_what_is_in_quarantine_is_no_open_ticket(
    waiting: Callable[..., Ticket], requester: User, agent: User
) -> None:
    spam, wanted = waiting(requester=requester), waiting(requester=requester)
    spam.quarantine("spam", agent)
    desk = open_desk(wanted, agent)
    assert (list(desk.around.open_others), [one.ticket for one in desk.around.others]) == ([], [spam])
