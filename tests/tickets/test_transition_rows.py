"""What each transition changes of the row, and what its Event says: that, all of that, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import User
from tickets.errors import InvalidTransition
from tickets.models import Closure, Event, Feedback, Handover, Message, Status, Ticket, Urgency

pytestmark = pytest.mark.django_db

NOW = "now"  # stands for a moment within the last minute
DAY = 24 * 60 * 60


def ticket_in(status: Status, requester: User, **facts: Any) -> Ticket:
    """Sent two days ago, and since yesterday where it is."""
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    if status in {Status.AUTO_RESOLVED, Status.RESOLVED, Status.CLOSED}:
        facts.setdefault("resolved_at", yesterday)
    if status in {Status.ESCALATED, Status.PENDING}:
        facts = {"escalated_at": yesterday, "escalation_reason": "small_margin", **facts}
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund", status=status,
        created_at=now - timedelta(days=2), updated_at=yesterday, **facts,
    )  # fmt: skip


def row(ticket: Ticket) -> dict[str, Any]:
    """The ticket's columns as the database has them."""
    return Ticket.objects.filter(pk=ticket.pk).values().get()


def is_like(found: Any, expected: Any, began: datetime) -> bool:
    """What is said to be now lies between ``began`` and now; what took days took them and what has passed since."""
    now = timezone.now()
    if expected == NOW:
        return isinstance(found, datetime) and began <= found <= now
    if isinstance(expected, int) and expected >= DAY:
        return bool(expected <= found <= expected + (now - began).total_seconds())
    return bool(found == expected)


Step = Callable[[Ticket, User], object]
QUEUED = {"status": Status.ESCALATED, "escalated_at": NOW}
REOPENED = {**QUEUED, "reopen_count": 1, "resolved_at": None}
AGENT, REQUESTER = "anna@example.com", "rita@example.com"

#: start, step, what changes of the row beside updated_at, the Event's kind, who did it, its facts
STEPS: dict[str, tuple[Status, Step, dict[str, Any], str, str | None, dict[str, Any]]] = {
    "answer": (
        Status.OPEN, lambda t, a: t.auto_resolve("Here you are.", facts={"decision": 7}),
        {"status": Status.AUTO_RESOLVED, "resolved_at": NOW},
        "auto_resolved", None, {"decision": 7, "message": Message},
    ),
    "escalate": (
        Status.OPEN, lambda t, a: t.escalate("low_confidence", facts={"decision": 7}),
        {**QUEUED, "escalation_reason": "low_confidence"},
        "escalated", None, {"decision": 7, "reason": "low_confidence"},
    ),
    "escalate what was answered": (
        Status.AUTO_RESOLVED, lambda t, a: t.escalate("doubt", actor=a),
        {**REOPENED, "escalation_reason": "doubt"},
        "escalated", AGENT, {"reason": "doubt"},
    ),
    "escalate as urgent": (
        Status.OPEN, lambda t, a: t.escalate("grave", step=Handover.URGENT),
        {**QUEUED, "escalation_reason": "grave", "urgency": Urgency.URGENT},
        "escalated", None, {"reason": "grave", "step": "urgent"},
    ),
    "put aside what is new": (
        Status.OPEN, lambda t, a: t.quarantine("spam", a),
        {**QUEUED, "escalation_reason": "spam", "quarantined_at": NOW},
        "quarantined", AGENT, {"reason": "spam"},
    ),
    "put aside what waits": (
        Status.ESCALATED, lambda t, a: t.quarantine("spam"),
        {"escalation_reason": "spam", "quarantined_at": NOW},
        "quarantined", None, {"reason": "spam"},
    ),
    "put aside what waits for its requester": (
        Status.PENDING, lambda t, a: t.quarantine("spam"),
        {**QUEUED, "escalation_reason": "spam", "quarantined_at": NOW},
        "quarantined", None, {"reason": "spam"},
    ),
    "prioritise": (
        Status.ESCALATED, lambda t, a: t.prioritise(Urgency.HIGH, actor=a),
        {"urgency": Urgency.HIGH},
        "prioritised", AGENT, {"urgency": 1},
    ),
    "ask for a person": (
        Status.OPEN, lambda t, a: t.request_person(actor=t.requester),
        {**QUEUED, "escalation_reason": "asked_for_person", "human_requested": True},
        "person_requested", REQUESTER, {},
    ),
    "ask for a person where one reads already": (
        Status.ESCALATED, lambda t, a: t.request_person(),
        {"human_requested": True},
        "person_requested", None, {},
    ),
    "ask for a person after an answer": (
        Status.AUTO_RESOLVED, lambda t, a: t.request_person(),
        {**REOPENED, "escalation_reason": "asked_for_person", "human_requested": True},
        "person_requested", None, {},
    ),
    "take what is new": (
        Status.OPEN, lambda t, a: t.assign(a, actor=a),
        {**QUEUED, "escalation_reason": "assigned", "assignee_id": AGENT},
        "assigned", AGENT, {"assignee": AGENT},
    ),
    "take what waits": (
        Status.ESCALATED, lambda t, a: t.assign(a, actor=None), {"assignee_id": AGENT},
        "assigned", None, {"assignee": AGENT},
    ),
    "an agent replies first": (
        Status.OPEN, lambda t, a: t.reply("Hello", author=a),
        {"status": Status.PENDING, "assignee_id": AGENT, "first_human_reply_at": NOW, "first_reply_seconds": 2 * DAY},
        "replied", AGENT, {"message": Message},
    ),
    "an agent replies to what waited a day": (
        Status.ESCALATED, lambda t, a: t.reply("Hello", author=a),
        {"status": Status.PENDING, "assignee_id": AGENT, "first_human_reply_at": NOW, "first_reply_seconds": DAY},
        "replied", AGENT, {"message": Message},
    ),
    "an agent takes the machine's answer back": (
        Status.AUTO_RESOLVED, lambda t, a: t.reply("Sorry", author=a),
        {
            "status": Status.PENDING, "assignee_id": AGENT, "first_human_reply_at": NOW, "first_reply_seconds": 2 * DAY,
            "escalation_reason": "recalled", "reopen_count": 1, "resolved_at": None,
        },
        "replied", AGENT, {"message": Message},
    ),
    "an agent writes after all was settled": (
        Status.RESOLVED, lambda t, a: t.reply("One thing more", author=a),
        {
            "status": Status.PENDING, "assignee_id": AGENT, "first_human_reply_at": NOW, "first_reply_seconds": 2 * DAY,
            "resolved_at": None,
        },
        "replied", AGENT, {"message": Message},
    ),
    "the requester writes before anybody": (
        Status.OPEN, lambda t, a: t.reply("And this", author=t.requester), {},
        "replied", REQUESTER, {"message": Message},
    ),
    "the requester writes to the team": (
        Status.ESCALATED, lambda t, a: t.reply("And this", author=t.requester), {},
        "replied", REQUESTER, {"message": Message},
    ),
    "the requester answers": (
        Status.PENDING, lambda t, a: t.reply("Number 7", author=t.requester),
        {**REOPENED, "escalation_reason": "requester_replied"},
        "replied", REQUESTER, {"message": Message},
    ),
    "a guest answers": (
        Status.AUTO_RESOLVED, lambda t, a: t.reply("No", author=None, reason="not_solved"),
        {**REOPENED, "escalation_reason": "not_solved"},
        "replied", None, {"message": Message},
    ),
    "resolve": (
        Status.PENDING, lambda t, a: t.resolve(actor=a), {"status": Status.RESOLVED, "resolved_at": NOW},
        "resolved", AGENT, {},
    ),
    "reopen": (
        Status.RESOLVED, lambda t, a: t.reopen("too_early", actor=a), {**REOPENED, "escalation_reason": "too_early"},
        "reopened", AGENT, {"reason": "too_early"},
    ),
    "close": (
        Status.RESOLVED, lambda t, a: t.close(Closure.AGENT, actor=a),
        {"status": Status.CLOSED, "closure": "agent", "closed_at": NOW},
        "closed", AGENT, {"closure": "agent", "machine": False},
    ),
    "confirm by a reply": (
        Status.AUTO_RESOLVED, lambda t, a: t.confirm_by_reply("Thanks", author=t.requester),
        {"status": Status.CLOSED, "closure": "confirmed", "closed_at": NOW},
        "closed", REQUESTER, {"closure": "confirmed", "machine": False, "message": Message},
    ),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_step_changes_what_it_says_and_nothing_else(step: str, requester: User, agent: User) -> None:
    start, act, changes, kind, actor, facts = STEPS[step]
    people = {AGENT: agent, REQUESTER: requester}
    began = timezone.now()
    ticket = ticket_in(start, requester)
    before = row(ticket)
    act(ticket, agent)
    after = row(ticket)
    expected = {"updated_at": NOW, **changes}
    if "assignee_id" in expected:
        expected["assignee_id"] = agent.pk
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert changed.keys() == {name for name, value in expected.items() if before[name] != value}
    assert [name for name, value in expected.items() if not is_like(after[name], value, began)] == []

    event = Event.objects.get(ticket=ticket)
    assert (event.kind, event.before, event.after) == (kind, start, after["status"])
    assert event.actor == (people[actor] if actor else None)
    real = {"assignee": agent.pk, "message": getattr(ticket.messages.last(), "pk", None)}
    assert event.facts == {name: real.get(name, value) for name, value in facts.items()}
    assert event.at == after["updated_at"]


@pytest.mark.parametrize("step", STEPS)
def test_the_copy_at_hand_is_as_the_row_is(step: str, requester: User, agent: User) -> None:
    start, act, *_ = STEPS[step]
    ticket = ticket_in(start, requester)
    act(ticket, agent)
    saved = row(ticket)
    assert {name: getattr(ticket, name) for name in saved} == saved


@pytest.mark.parametrize("step", STEPS)
def test_a_step_whose_event_cannot_be_written_has_not_happened(
    step: str, requester: User, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(event: Event, *args: Any, **options: Any) -> None:
        raise DatabaseError("disk full")

    start, act, *_ = STEPS[step]
    ticket = ticket_in(start, requester)
    before = row(ticket)
    monkeypatch.setattr(Event, "save", refuse)
    with pytest.raises(DatabaseError):
        act(ticket, agent)
    assert row(ticket) == before
    assert not ticket.messages.exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_waited_for_the_row_sees_what_was_done_meanwhile(
    step: str, requester: User, agent: User, while_waiting: Callable[..., None]
) -> None:
    start, act, *_ = STEPS[step]
    ticket = ticket_in(start, requester)
    while_waiting(Ticket, lambda: Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED))
    with pytest.raises(InvalidTransition):
        act(ticket, agent)


def test_a_note_changes_nothing_of_the_ticket(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.CLOSED, requester)
    before = row(ticket)
    note = ticket.note("Mind the dog", author=agent)
    assert row(ticket) == before
    assert (note.kind, note.sender, note.author, note.body) == ("note", "agent", agent, "Mind the dog")
    event = Event.objects.get(ticket=ticket)
    assert (event.kind, event.actor, event.facts) == ("noted", agent, {"message": note.pk})
    assert (event.before, event.after) == (Status.CLOSED, Status.CLOSED)


@pytest.mark.parametrize("step", ["note", "feedback"])
def test_what_is_said_of_a_ticket_goes_with_its_event_or_not_at_all(
    step: str, requester: User, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(event: Event, *args: Any, **options: Any) -> None:
        raise DatabaseError("disk full")

    ticket = ticket_in(Status.RESOLVED, requester)
    monkeypatch.setattr(Event, "save", refuse)
    with pytest.raises(DatabaseError):
        if step == "note":
            ticket.note("Mind the dog", author=agent)
        else:
            ticket.record_feedback(solved=True)
    assert not Message.objects.exists()
    assert not Feedback.objects.exists()


def test_who_says_what_is_kept_with_each_message(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.auto_resolve("Here you are.", facts={})
    ticket.reply("Not quite.", author=requester)
    ticket.reply("I see.", author=agent)
    said = list(ticket.messages.order_by("id").values_list("sender", "author", "kind", "body"))
    assert said == [
        ("machine", None, "reply", "Here you are."),
        ("requester", requester.pk, "reply", "Not quite."),
        ("agent", agent.pk, "reply", "I see."),
    ]


def test_a_colleagues_reply_does_not_take_the_ticket_over(
    requester: User, agent: User, other_agent: User
) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, assignee=agent)
    ticket.reply("Anna is out, so I answer.", author=other_agent)
    assert row(ticket)["assignee_id"] == agent.pk


def test_the_first_human_reply_stays_the_first(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester)
    ticket.reply("One", author=agent)
    Ticket.objects.update(first_human_reply_at=timezone.now() - timedelta(hours=5), first_reply_seconds=60)
    first = row(ticket)
    ticket.reply("Two", author=agent)
    second = row(ticket)
    for name in ("first_human_reply_at", "first_reply_seconds"):
        assert second[name] == first[name]


def test_a_reply_before_its_time_took_no_time(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, escalated_at=timezone.now() + timedelta(hours=1))
    ticket.reply("Clocks differ", author=agent)
    assert row(ticket)["first_reply_seconds"] == 0


def test_an_agent_who_asks_for_themselves_writes_as_a_requester(agent: User) -> None:
    ticket = ticket_in(Status.PENDING, agent)
    ticket.reply("It is mine.", author=agent)
    assert (ticket.status, ticket.messages.get().sender) == (Status.ESCALATED, Message.Sender.REQUESTER)


def test_assigning_to_who_has_it_writes_nothing(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, assignee=agent)
    before = row(ticket)
    ticket.assign(agent, actor=agent)
    assert (row(ticket), ticket.events.count()) == (before, 0)


def test_given_back_it_is_nobodys(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, assignee=agent)
    ticket.assign(None, actor=agent)
    assert row(ticket)["assignee_id"] is None
    assert ticket.events.get().facts == {"assignee": None}


def test_asking_twice_for_a_person_is_said_once(requester: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.request_person()
    ticket.request_person()
    assert ticket.events.count() == 1


@pytest.mark.parametrize(
    ("facts", "free"),
    [
        ({}, True),
        ({"human_requested": True}, False),
        ({"reopen_count": 1}, False),
        ({"status": Status.ESCALATED}, False),
        ({"status": Status.RESOLVED}, False),
    ],
)
def test_only_an_untouched_open_ticket_may_be_automated(facts: dict[str, Any], free: bool) -> None:
    assert Ticket(**facts).may_be_automated is free


def test_a_ticket_in_somebodys_charge_may_not_be_automated(agent: User) -> None:
    assert not Ticket(assignee=agent).may_be_automated


def test_an_answer_is_the_machines_until_a_person_writes_one(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    assert not ticket.answered_by_machine
    ticket.auto_resolve("Here you are.", facts={})
    assert ticket.answered_by_machine
    ticket.close(Closure.SILENCE)
    assert ticket.events.get(kind="closed").facts == {"closure": "silence", "machine": True}
    other = ticket_in(Status.OPEN, requester)
    other.auto_resolve("Here you are.", facts={})
    other.reply("I see.", author=agent)
    assert not other.answered_by_machine


@pytest.mark.parametrize(
    ("start", "solved", "end"),
    [
        (Status.AUTO_RESOLVED, True, Status.CLOSED),
        (Status.RESOLVED, True, Status.CLOSED),
        (Status.ESCALATED, True, Status.ESCALATED),
        (Status.PENDING, False, Status.ESCALATED),
        (Status.RESOLVED, False, Status.ESCALATED),
        (Status.ESCALATED, False, Status.ESCALATED),
        (Status.RESOLVED, None, Status.RESOLVED),
    ],
)
def test_feedback_moves_the_ticket_where_it_can(
    start: Status, solved: bool | None, end: Status, requester: User
) -> None:
    ticket = ticket_in(start, requester)
    feedback = ticket.record_feedback(solved=solved, rating=3, comment="Hm", actor=requester)
    assert row(ticket)["status"] == end
    kept = Feedback.objects.get()
    assert (kept.solved, kept.rating, kept.comment, kept.author) == (solved, 3, "Hm", requester)
    assert kept == feedback
    event = ticket.events.get(kind="feedback")
    assert (event.actor, event.facts) == (requester, {"solved": solved, "rating": 3})
    assert {one.actor for one in ticket.events.all()} == {requester}


def test_feedback_on_a_ticket_nobody_answered_is_refused(requester: User) -> None:
    with pytest.raises(InvalidTransition, match="Cannot rate"):
        ticket_in(Status.OPEN, requester).record_feedback(solved=True)


def test_a_refusal_names_the_ticket_what_was_wanted_and_how_it_stands(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.CLOSED, requester)
    with pytest.raises(InvalidTransition) as refused:
        ticket.resolve(actor=agent)
    assert str(refused.value) == f"Cannot resolve ticket {ticket.reference}: it is closed."


def test_a_ticket_begins_its_trail_with_how_it_came(requester: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.created(channel="api")
    event = ticket.events.get()
    assert (event.kind, event.actor, event.before, event.after) == ("created", requester, "", Status.OPEN)
    assert (event.at, event.facts) == (ticket.created_at, {"channel": "api"})


def test_a_claimed_ticket_is_the_claimants_and_says_who_it_is(requester: User) -> None:
    ticket = Ticket.objects.create(requester_email=requester.email, subject="Refund")
    ticket.claim(requester)
    assert row(ticket)["requester_id"] == requester.pk
    event = ticket.events.get()
    assert (event.kind, event.actor) == ("claimed", requester)
