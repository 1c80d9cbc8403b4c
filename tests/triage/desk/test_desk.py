"""The desk's domain: which ticket comes next, sending without talking past others, what the page knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.errors import AttachmentRefused, InvalidTransition
from tickets.models import Closure, Event, Message, Status, Ticket, Urgency
from triage.core.types import SimilarTicket, Term
from triage.desk.desk import Unread, open_desk, send_reply, take_next
from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]


@pytest.fixture
def waiting(submit: Submit, engine: FakeEngine, refund_intent: Intent) -> Callable[..., Ticket]:
    """A ticket in the queue since ``hours`` ago."""

    def make(hours: int = 1, assignee: User | None = None, **facts: object) -> Ticket:
        engine.says(refund_intent.slug, 0.4)
        ticket = submit(**facts)
        since = timezone.now() - timedelta(hours=hours)
        Ticket.objects.filter(pk=ticket.pk).update(escalated_at=since, assignee=assignee)
        ticket.refresh_from_db()
        return ticket

    return make


def last_message(ticket: Ticket) -> int:
    return ticket.messages.order_by("-id")[0].pk


# --- next ticket -------------------------------------------------------------------------------------


def test_an_agent_s_own_oldest_ticket_comes_first(waiting: Callable[..., Ticket], agent: User) -> None:
    waiting(hours=9)
    waiting(hours=2, assignee=agent)
    own = waiting(hours=5, assignee=agent)
    assert take_next(agent) == own


def test_without_own_tickets_the_oldest_of_nobody_s_is_assigned(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    waiting(hours=2)
    waiting(hours=9, assignee=other_agent)
    oldest = waiting(hours=5)
    assert take_next(agent) == oldest
    oldest.refresh_from_db()
    assert oldest.assignee == agent
    assert oldest.events.filter(kind=Event.Kind.ASSIGNED, actor=agent).exists()


def test_the_ticket_just_left_is_not_offered_again(waiting: Callable[..., Ticket], agent: User) -> None:
    current = waiting(hours=5, assignee=agent)
    other = waiting(hours=1)
    assert take_next(agent, after=current.pk) == other


def test_nothing_is_taken_when_nothing_waits(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    waiting(assignee=other_agent)
    assert take_next(agent) is None


def test_two_agents_in_turn_get_different_tickets(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    waiting(hours=5), waiting(hours=4)
    assert take_next(agent) != take_next(other_agent)


@pytest.mark.parametrize("urgency", [Urgency.HIGH, Urgency.URGENT])
def test_what_is_urgent_is_offered_before_own_tickets(
    waiting: Callable[..., Ticket], agent: User, urgency: Urgency
) -> None:
    own, free = waiting(hours=9, assignee=agent), waiting(hours=1)
    assert take_next(agent) == own
    Ticket.objects.filter(pk=free.pk).update(urgency=urgency)
    assert take_next(agent) == free
    Ticket.objects.filter(pk=own.pk).update(urgency=urgency)
    assert take_next(agent) == own


def test_what_is_in_quarantine_is_never_offered(waiting: Callable[..., Ticket], agent: User) -> None:
    waiting().quarantine("spam", agent)
    assert take_next(agent) is None


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs TEST_DATABASE_URL of a PostgreSQL server"
)
@pytest.mark.django_db(transaction=True)
def test_agents_who_click_at_once_get_different_tickets(waiting: Callable[..., Ticket], db: None) -> None:
    tickets = [waiting(hours=hours) for hours in range(1, 9)]
    agents = [User.objects.create_user(f"a{at}@example.com", role="agent") for at in range(len(tickets))]
    start, taken = threading.Barrier(len(agents)), []

    def click(agent: User) -> None:
        start.wait()
        taken.append(take_next(agent))
        connection.close()

    threads = [threading.Thread(target=click, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {ticket.pk for ticket in taken} == {ticket.pk for ticket in tickets}


# --- sending -----------------------------------------------------------------------------------------


def test_a_reply_is_sent_with_its_files_and_settles_the_ticket(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting()
    label = SimpleUploadedFile("label.txt", b"Return label")
    message = send_reply(
        ticket, author=agent, body="Use this label.", seen=last_message(ticket), files=[label], resolve=True
    )
    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee) == (Status.RESOLVED, agent)
    assert [file.name for file in message.attachments.all()] == ["label.txt"]


def test_a_refused_file_leaves_no_reply_behind(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    program = SimpleUploadedFile("run.exe", b"MZ")
    with pytest.raises(AttachmentRefused):
        send_reply(ticket, author=agent, body="Run this.", seen=last_message(ticket), files=[program])
    ticket.refresh_from_db()
    assert (ticket.state, ticket.messages.count()) == (Status.ESCALATED, 1)


def test_what_the_requester_wrote_meanwhile_is_not_talked_past(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting()
    seen = last_message(ticket)
    newer = ticket.reply("It has arrived, thank you.", author=None)
    with pytest.raises(Unread) as refusal:
        send_reply(ticket, author=agent, body="I am looking.", seen=seen)
    assert refusal.value.newer == [newer]
    assert not ticket.messages.filter(sender=Message.Sender.AGENT).exists()


def test_what_a_colleague_wrote_meanwhile_is_not_talked_past(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    ticket = waiting()
    seen = last_message(ticket)
    ticket.note("I am on the phone with them.", author=other_agent)
    with pytest.raises(Unread):
        send_reply(ticket, author=agent, body="Hello.", seen=seen)


def test_an_agent_s_own_note_does_not_hold_the_reply_up(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    seen = last_message(ticket)
    ticket.note("Looked it up.", author=agent)
    assert send_reply(ticket, author=agent, body="Here you are.", seen=seen).pk


def test_a_closed_ticket_takes_no_reply(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    ticket.resolve(actor=agent)
    ticket.close(Closure.AGENT, actor=agent)
    with pytest.raises(InvalidTransition, match="it is closed"):
        send_reply(ticket, author=agent, body="One more thing", seen=last_message(ticket))


# --- what the page shows ---------------------------------------------------------------------------------


def test_the_approved_answer_is_suggested(waiting: Callable[..., Ticket]) -> None:
    desk = open_desk(waiting(guest_name="Lee Wong"))
    assert desk.suggestion == "Hello Lee, refunds take five days."
    assert desk.reason == "The confidence is below the limit"


def test_after_a_correction_the_right_intent_s_answer_is_suggested(
    waiting: Callable[..., Ticket], agent: User
) -> None:
    ticket = waiting()
    right = Intent.objects.create(slug="double_charge", title="Charged twice", mode="auto")
    Answer.objects.create(intent=right, body="One of the two bookings disappears.").approve(None)
    ticket.decisions.get().correct(right, by=agent)
    assert open_desk(ticket).suggestion == "One of the two bookings disappears."


def test_none_of_ours_leaves_nothing_to_suggest(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    ticket.decisions.get().correct(None, by=agent)
    assert open_desk(ticket).suggestion == ""


def test_what_the_machine_already_sent_is_not_suggested_again(
    submit: Submit, engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.97)
    ticket = submit()
    ticket.request_person()
    assert open_desk(ticket).suggestion == ""


def test_similar_tickets_come_with_the_human_reply_that_settled_them(
    waiting: Callable[..., Ticket], submit: Submit, engine: FakeEngine, refund_intent: Intent, agent: User
) -> None:
    past = waiting(subject="Money not back")
    past.note("Called the bank.", author=agent)
    past.reply("It is booked.", author=agent)
    past.resolve(actor=agent)
    gone = past.pk + 1000
    engine.says(refund_intent.slug, 0.4, similar=(SimilarTicket(past.pk, 0.9), SimilarTicket(gone, 0.8)))
    neighbours = open_desk(submit()).neighbours
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
    assert open_desk(ticket).neighbours == []


def test_terms_are_told_apart_by_their_side(
    submit: Submit, engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.4, terms=(Term("refund", 2.0), Term("password", -1.0)))
    desk = open_desk(submit())
    assert [(term.text, term.width) for term in desk.terms_for] == [("refund", 100)]
    assert [(term.text, term.width) for term in desk.terms_against] == [("password", 50)]


def test_a_guest_s_other_tickets_are_those_of_the_same_address(
    waiting: Callable[..., Ticket], requester: User
) -> None:
    mine, same = waiting(guest_email="g@example.com"), waiting(guest_email="g@example.com")
    waiting(guest_email="h@example.com"), waiting(requester=requester)
    desk = open_desk(mine)
    assert (desk.others_count, [other.ticket for other in desk.open_others]) == (1, [same])


def test_a_long_conversation_shows_its_end_first(waiting: Callable[..., Ticket], agent: User) -> None:
    ticket = waiting()
    Message.objects.bulk_create(
        Message(ticket=ticket, author=agent, kind="note", sender="agent", body=f"Note {at}")
        for at in range(120)
    )
    desk = open_desk(ticket)
    assert (len(desk.conversation), desk.earlier, desk.conversation[-1].body) == (100, 21, "Note 119")
    assert len(open_desk(ticket, whole=True).conversation) == 121


def test_the_trail_names_the_people(waiting: Callable[..., Ticket], agent: User, other_agent: User) -> None:
    ticket = waiting()
    ticket.assign(other_agent, actor=agent)
    ticket.assign(None, actor=other_agent)
    assert [trace.detail for trace in open_desk(ticket).trail][:2] == ["back to the queue", "to Otto Other"]


def test_the_page_s_queries_do_not_grow_with_the_ticket(
    waiting: Callable[..., Ticket], agent: User, other_agent: User
) -> None:
    ticket = waiting()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk = open_desk(ticket)
            assert [file for message in desk.conversation for file in message.attachments.all()] == []
        return len(captured)

    ticket.assign(agent, actor=agent)
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
    desk = open_desk(waiting(requester=requester))
    shown = [(one.ticket, one.same_matter) for one in desk.open_others]
    assert shown == [(other, False), (same, True)]
    assert [one.ticket for one in desk.others] == [settled]
    assert (desk.same_matter, desk.others_count) == (same, 3)


def test_what_an_agent_named_counts_as_the_matter(
    waiting: Callable[..., Ticket], requester: User, agent: User
) -> None:
    first, second = waiting(requester=requester), waiting(requester=requester)
    first.decisions.get().correct(None, by=agent)
    assert open_desk(second).same_matter is None


def test_a_follow_up_is_on_the_matter_it_follows(engine: FakeEngine, submit: Submit, requester: User) -> None:
    engine.says(None, 0.1)
    first = submit(requester=requester)
    later = submit(requester=requester, follow_up_of=first)
    assert open_desk(later).same_matter == first
    assert open_desk(first).same_matter == later


def test_what_is_in_quarantine_is_no_open_ticket(
    waiting: Callable[..., Ticket], requester: User, agent: User
) -> None:
    spam, wanted = waiting(requester=requester), waiting(requester=requester)
    spam.quarantine("spam", agent)
    desk = open_desk(wanted)
    assert (list(desk.open_others), [one.ticket for one in desk.others]) == ([], [spam])
