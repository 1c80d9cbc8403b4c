"""What follows from each Event, and that a consequence can neither get lost nor outlive its cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts.models import Role, User
from tickets import audit
from tickets.audit import EventKind
from tickets.models import Closure, Event, Handover, Message, OutgoingMail, Status, Ticket, Urgency
from tickets.subscribers import SUBSCRIBERS

pytestmark = pytest.mark.django_db

NOBODY: list[str] = []
REQUESTER = ["rita@example.com"]
AGENT = ["anna@example.com"]


def ticket_in(status: Status, requester: User, **facts: object) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund", status=status, **facts
    )


Step = Callable[[Ticket, User], object]
ANSWER: Step = lambda ticket, agent: ticket.auto_resolve("Here you are.", facts={})  # noqa: E731
ESCALATE: Step = lambda ticket, agent: ticket.escalate("low_confidence")  # noqa: E731
CALL: Step = lambda ticket, agent: ticket.request_person()  # noqa: E731
TAKE: Step = lambda ticket, agent: ticket.assign(agent, actor=agent)  # noqa: E731
AGENT_REPLY: Step = lambda ticket, agent: ticket.reply("Hello", author=agent)  # noqa: E731
URGENT: Step = lambda ticket, agent: ticket.escalate("grave", step=Handover.URGENT)  # noqa: E731
SILENT: Step = lambda ticket, agent: ticket.escalate("machine_written", step=Handover.SILENT)  # noqa: E731
SPAM: Step = lambda ticket, agent: ticket.quarantine("spam", agent)  # noqa: E731
OWN_REPLY: Step = lambda ticket, agent: ticket.reply("Hello", author=ticket.requester)  # noqa: E731
NOTE: Step = lambda ticket, agent: ticket.note("Mind the dog", author=agent)  # noqa: E731
RESOLVE: Step = lambda ticket, agent: ticket.resolve(actor=agent)  # noqa: E731
REOPEN: Step = lambda ticket, agent: ticket.reopen(actor=agent)  # noqa: E731
CLOSE: Step = lambda ticket, agent: ticket.close(Closure.AGENT, actor=agent)  # noqa: E731


@pytest.mark.parametrize(
    ("start", "step", "kind", "told"),
    [
        (Status.OPEN, ANSWER, EventKind.AUTO_RESOLVED, REQUESTER),
        (Status.OPEN, ESCALATE, EventKind.ESCALATED, REQUESTER),
        (Status.AUTO_RESOLVED, ESCALATE, EventKind.ESCALATED, NOBODY),
        (Status.OPEN, SILENT, EventKind.ESCALATED, NOBODY),
        (Status.OPEN, SPAM, EventKind.QUARANTINED, NOBODY),
        (Status.OPEN, CALL, EventKind.PERSON_REQUESTED, REQUESTER),
        (Status.AUTO_RESOLVED, CALL, EventKind.PERSON_REQUESTED, NOBODY),
        (Status.OPEN, TAKE, EventKind.ASSIGNED, REQUESTER),
        (Status.ESCALATED, TAKE, EventKind.ASSIGNED, NOBODY),
        (Status.OPEN, AGENT_REPLY, EventKind.REPLIED, REQUESTER),
        (Status.ESCALATED, AGENT_REPLY, EventKind.REPLIED, REQUESTER),
        (Status.AUTO_RESOLVED, AGENT_REPLY, EventKind.REPLIED, REQUESTER),
        (Status.ESCALATED, OWN_REPLY, EventKind.REPLIED, NOBODY),
        (Status.ESCALATED, NOTE, EventKind.NOTED, NOBODY),
        (Status.ESCALATED, RESOLVE, EventKind.RESOLVED, NOBODY),
        (Status.PENDING, REOPEN, EventKind.REOPENED, NOBODY),
        (Status.RESOLVED, CLOSE, EventKind.CLOSED, NOBODY),
    ],
)
def test_each_step_writes_one_event_and_tells_who_must_know(
    start: Status, step: Step, kind: EventKind, told: list[str], requester: User, agent: User
) -> None:
    ticket = ticket_in(start, requester)
    step(ticket, agent)
    assert [event.kind for event in Event.objects.filter(ticket=ticket)] == [kind]
    assert [mail.recipients for mail in OutgoingMail.objects.all()] == ([told] if told else [])


def test_the_agent_in_charge_hears_of_a_reply(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, assignee=agent)
    ticket.reply("Any news?", author=requester)
    assert [mail.recipients for mail in OutgoingMail.objects.all()] == [AGENT]


def test_the_mail_carries_the_words_of_the_message_that_caused_it(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester)
    ticket.reply("The blue one is back on Friday.", author=agent)
    ticket.reply("And the red one too.", author=agent)
    first, second = OutgoingMail.objects.order_by("id")
    assert "The blue one" in first.body
    assert "The blue one" not in second.body
    assert "the red one" in second.body


@pytest.mark.usefixtures("other_agent", "supervisor", "stranger")
def test_what_is_urgent_is_told_to_each_agent_without_its_text(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.messages.create(sender=Message.Sender.REQUESTER, body="My mother has died.")
    URGENT(ticket, agent)
    to_team = OutgoingMail.objects.exclude(recipients=REQUESTER)
    team = [AGENT, ["otto@example.com"], ["sue@example.com"]]
    assert sorted(mail.recipients for mail in to_team) == team
    assert {mail.subject for mail in to_team} == {f"[{ticket.reference}] Urgent: Refund"}
    assert all("died" not in mail.body for mail in to_team)
    assert all(f"/admin/tickets/ticket/{ticket.pk}/change/" in mail.body for mail in to_team)
    assert ticket.urgency == Urgency.URGENT
    assert ticket.events.get().facts == {"reason": "grave", "step": "urgent"}


def test_no_more_than_fifty_are_told_of_one_urgent_ticket(requester: User, agent: User) -> None:
    for number in range(60):
        User.objects.create_user(f"agent{number}@example.com", role=Role.AGENT)
    URGENT(ticket_in(Status.OPEN, requester), agent)
    assert OutgoingMail.objects.exclude(recipients=REQUESTER).count() == 50


def test_an_agent_who_was_switched_off_hears_of_nothing_urgent(requester: User, agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(is_active=False)
    URGENT(ticket_in(Status.OPEN, requester), agent)
    assert [mail.recipients for mail in OutgoingMail.objects.all()] == [REQUESTER]


def test_what_is_put_aside_on_arrival_is_told_to_nobody(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.escalate("spam", step=Handover.QUARANTINE)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.is_quarantined) == (Status.ESCALATED, True)
    assert [event.kind for event in ticket.events.order_by("id")] == ["escalated", "quarantined"]
    assert ticket.events.get(kind=EventKind.ESCALATED).facts["step"] == "quarantine"
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("step", [NOTE, AGENT_REPLY, ANSWER], ids=["note", "reply", "answer"])
def test_the_event_names_its_message(step: Step, requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    step(ticket, agent)
    assert Event.objects.get(ticket=ticket).facts["message"] == Message.objects.get(ticket=ticket).pk


@pytest.mark.parametrize(("start", "reopened"), [(Status.OPEN, 0), (Status.AUTO_RESOLVED, 1)])
def test_only_what_was_answered_counts_as_reopened(
    start: Status, reopened: int, requester: User, agent: User
) -> None:
    ticket = ticket_in(start, requester)
    ticket.request_person()
    assert ticket.reopen_count == reopened


def test_taking_an_open_ticket_is_no_reopening(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.assign(agent, actor=agent)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopen_count) == (Status.ESCALATED, 0)


@pytest.fixture
def listeners() -> Iterator[Callable[[str, audit.Subscriber], None]]:
    """Subscribes for one test only."""
    added: list[tuple[str, audit.Subscriber]] = []

    def listen(kind: str, subscriber: audit.Subscriber) -> None:
        audit.subscribe(kind, subscriber)
        added.append((kind, subscriber))

    yield listen
    for kind, subscriber in added:
        audit._subscribers[kind].remove(subscriber)


def test_a_consequence_that_fails_undoes_its_cause(
    listeners: Callable[[str, audit.Subscriber], None], requester: User, agent: User
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("no room for the counter")

    listeners(EventKind.NOTED, fail)
    ticket = ticket_in(Status.ESCALATED, requester)
    with pytest.raises(RuntimeError, match="no room"):
        ticket.note("Mind the dog", author=agent)
    assert not Message.objects.exists()
    assert not Event.objects.exists()


def test_a_subscriber_gets_each_new_event_once(
    listeners: Callable[[str, audit.Subscriber], None], requester: User, agent: User
) -> None:
    heard: list[Event] = []
    listeners(EventKind.NOTED, heard.append)
    ticket = ticket_in(Status.ESCALATED, requester)
    ticket.note("Mind the dog", author=agent)
    assert heard == list(Event.objects.all())


def test_nobody_subscribes_to_a_kind_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no kind of Event"):
        audit.subscribe("exploded", lambda event: None)


def test_every_subscriber_of_the_table_is_connected() -> None:
    for kind, functions in SUBSCRIBERS.items():
        assert [known for known in audit._subscribers[kind] if known in functions] == list(functions)
