"""A ticket that was made a moment ago: what is remembered of it, for how long, and that who was faster still wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Channel, Event, OutgoingMail, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Ticket:
    """New, and not triaged: its job waits for a commit that never comes."""
    return submit_ticket(Submission(subject="Lamp", body="It is broken.", guest_email="rita@example.com"))


def stored(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def touched_by(ticket: Ticket, agent: User) -> dict[str, Callable[[], object]]:
    own = stored(ticket)
    return {
        "assigned": lambda: own.assign(agent, actor=agent),
        "resolved": lambda: own.resolve(actor=agent),
        "replied to": lambda: own.reply("I am on it.", author=agent),
        "written on by its requester": lambda: own.reply("It burns!", author=None),
        "a person asked for": lambda: own.request_person(),
        "claimed": lambda: own.claim(agent),
    }


@pytest.mark.parametrize(
    "how",
    ["assigned", "resolved", "replied to", "written on by its requester", "a person asked for", "claimed"],
)
def test_who_touched_it_meanwhile_was_first(made: Ticket, agent: User, how: str) -> None:
    touched_by(made, agent)[how]()
    before = stored(made)
    events, mails = before.events.count(), OutgoingMail.objects.count()
    with pytest.raises(DatabaseError), made.as_made():
        made.escalate("low_confidence")
    after = stored(made)
    assert (after.status, after.assignee_id, after.escalation_reason) == (
        before.status, before.assignee_id, before.escalation_reason,
    )  # fmt: skip
    assert (after.events.count(), OutgoingMail.objects.count()) == (events, mails)


def test_what_failed_shows_in_nothing_at_hand(made: Ticket, agent: User) -> None:
    stored(made).resolve(actor=agent)
    with pytest.raises(DatabaseError), made.as_made():
        made.escalate("low_confidence")
    assert (made.state, made.escalation_reason, made._is_held) == (Status.OPEN, "", False)


def test_whatever_breaks_in_the_step_undoes_it(made: Ticket) -> None:
    with pytest.raises(ZeroDivisionError), made.as_made():
        made.escalate("low_confidence")
        raise ZeroDivisionError
    assert (stored(made).state, made.state) == (Status.OPEN, Status.OPEN)
    assert not made.events.filter(kind=Event.Kind.ESCALATED).exists()


def test_an_untouched_one_is_handed_over_without_being_read(made: Ticket) -> None:
    with CaptureQueriesContext(connection) as captured, made.as_made():
        made.escalate("low_confidence")
    assert stored(made).state is Status.ESCALATED
    read = [query["sql"] for query in captured.captured_queries if 'FROM "tickets_' in query["sql"]]
    assert not [sql for sql in read if "tickets_mailchoice" not in sql]  # how its requester wants to hear
    assert not [query for query in captured.captured_queries if "tickets_message" in query["sql"]]


def test_two_changes_in_one_step_are_one(made: Ticket) -> None:
    """Quarantine is written after the handover, over what this very step has changed."""
    with made.as_made():
        made.escalate("spam")
        made.quarantine("spam")
    assert stored(made).is_quarantined


def test_after_the_step_transitions_take_the_lock_again(made: Ticket, agent: User) -> None:
    with made.as_made():
        made.escalate("low_confidence")
    stored(made).resolve(actor=agent)
    made.note("Seen.", author=agent)
    assert made.state is Status.RESOLVED


def test_the_first_message_is_at_hand_until_something_else_is_said(made: Ticket, agent: User) -> None:
    assert made.opening is not None and made.opening.body == "It is broken."
    made.reply("What do you see?", author=agent)
    assert made.opening is None


def test_what_is_read_anew_remembers_nothing(made: Ticket) -> None:
    made.refresh_from_db()
    assert made.opening is None
    assert stored(made).opening is None


def test_the_notice_quotes_it(made: Ticket, requester: User) -> None:
    own = submit_ticket(Submission(subject="Lamp", body="It flickers.", requester=requester))
    with own.as_made():
        own.escalate("low_confidence")
    assert "It flickers." in OutgoingMail.objects.latest("pk").body


def test_files_that_came_with_it_are_looked_for() -> None:
    file = SimpleUploadedFile("lamp.txt", b"It flickers.", "text/plain")
    made = submit_ticket(
        Submission(subject="Lamp", body="See file.", guest_email="rita@example.com", files=[file])
    )
    assert made.opening is not None
    assert [one.name for one in made.opening.attachments.all()] == ["lamp.txt"]


def test_the_mails_of_a_ticket_that_came_by_mail_are_looked_for(made: Ticket) -> None:
    mailed = submit_ticket(
        Submission(subject="Lamp", body="Broken.", guest_email="rita@example.com", channel=Channel.EMAIL)
    )
    with CaptureQueriesContext(connection) as captured, mailed.as_made():
        mailed.escalate("low_confidence")
    assert any("email_channel_inboundmail" in query["sql"] for query in captured.captured_queries)
