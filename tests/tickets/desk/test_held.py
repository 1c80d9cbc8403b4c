"""A reply is held, can be taken back, and goes out once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Role, User
from tests.tickets.desk.conftest import last_message
from tickets.desk import drafts, held
from tickets.desk.models import Draft, HeldReply
from tickets.errors import InvalidTransition
from tickets.models import Closure, Event, Message, OutgoingMail, Status, Ticket

Waiting = Callable[..., Ticket]
Run = Callable[[], None]
PAGE = uuid.uuid4()
WAIT, RESOLVE = Draft.Then.WAIT, Draft.Then.RESOLVE


def hold(ticket: Ticket, author: User, body: str = "It is on its way.", **facts: object) -> HeldReply:
    known = {"seen": last_message(ticket), "page": PAGE, "then": WAIT, **facts}
    return held.hold(ticket, author=author, body=body, **known)  # type: ignore[arg-type]


def sent(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(sender=Message.Sender.AGENT).values_list("body", flat=True))


def mailed() -> int:
    """How often the reply went out."""
    return sum("It is on its way." in str(message.body) for message in mail.outbox)


def test_nothing_happens_on_the_ticket_while_it_is_held(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    events, mails = ticket.events.count(), OutgoingMail.objects.count()
    hold(ticket, agent)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.events.count(), OutgoingMail.objects.count()) == (
        Status.ESCALATED,
        events,
        mails,
    )
    assert sent(ticket) == []


def test_after_the_time_it_is_a_message_and_a_mail(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    ticket = waiting()
    drafts.keep(agent, ticket, {"reply": "It is on its way.", "note": "Stays"})
    hold(ticket, agent)
    time_is_up()
    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee, sent(ticket)) == (Status.PENDING, agent, ["It is on its way."])
    assert mailed() == 1
    assert (Draft.objects.get().reply, Draft.objects.get().note) == ("", "Stays")


def test_it_is_not_sent_before_its_time(waiting: Waiting, agent: User, settings: object) -> None:
    ticket = waiting()
    row = hold(ticket, agent)
    assert timedelta(seconds=9) < row.send_at - timezone.now() <= timedelta(seconds=10)
    held.jobs.run_due()
    assert sent(ticket) == []


def test_resolving_goes_with_it(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    ticket = waiting()
    hold(ticket, agent, then=RESOLVE)
    time_is_up()
    ticket.refresh_from_db()
    assert ticket.state is Status.RESOLVED


def test_sent_three_times_it_is_one_message_and_one_mail(
    waiting: Waiting, agent: User, time_is_up: Run
) -> None:
    ticket = waiting()
    seen = last_message(ticket)
    rows = {hold(ticket, agent, seen=seen).pk for _ in range(3)}
    time_is_up()
    rows.add(hold(ticket, agent, seen=seen).pk)
    held.deliver(next(iter(rows)))
    assert (len(rows), sent(ticket)) == (1, ["It is on its way."])
    assert mailed() == 1


def test_another_text_from_the_same_page_is_another_reply(
    waiting: Waiting, agent: User, time_is_up: Run
) -> None:
    ticket = waiting()
    hold(ticket, agent)
    hold(ticket, agent, "And one more thing.")
    time_is_up()
    assert sent(ticket) == ["It is on its way.", "And one more thing."]


def test_taken_back_it_is_a_draft_again(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    ticket = waiting()
    drafts.keep_files(agent, ticket, [SimpleUploadedFile("a.txt", b"one")])
    row = hold(ticket, agent)
    assert row.files.count() == 1
    held.undo(agent, row.pk)
    time_is_up()
    draft = Draft.objects.get()
    assert (draft.reply, [file.name for file in draft.files.all()]) == ("It is on its way.", ["a.txt"])
    assert sent(ticket) == []
    assert hold(ticket, agent).pk != row.pk  # the same words may be sent after all


def test_what_was_typed_since_is_kept_below_what_came_back(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    row = hold(ticket, agent)
    drafts.keep(agent, ticket, {"reply": "PS"})
    held.undo(agent, row.pk)
    assert Draft.objects.get().reply == "It is on its way.\n\nPS"


def test_too_late_is_told(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    row = hold(waiting(), agent)
    time_is_up()
    with pytest.raises(held.TooLate):
        held.undo(agent, row.pk)


def test_nobody_takes_back_a_colleague_s_reply(waiting: Waiting, agent: User, other_agent: User) -> None:
    row = hold(waiting(), agent)
    with pytest.raises(held.TooLate):
        held.undo(other_agent, row.pk)


def test_files_of_the_draft_become_attachments(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    ticket = waiting()
    drafts.keep_files(agent, ticket, [SimpleUploadedFile("label.txt", b"Return label")])
    hold(ticket, agent)
    time_is_up()
    attachment = ticket.messages.get(sender=Message.Sender.AGENT).attachments.get()
    assert (attachment.name, attachment.file.read()) == ("label.txt", b"Return label")


def test_a_message_that_came_while_it_was_held_sends_it_back(
    waiting: Waiting, agent: User, time_is_up: Run
) -> None:
    ticket = waiting()
    hold(ticket, agent)
    ticket.reply("Never mind, it has come.", author=None)
    time_is_up()
    draft = Draft.objects.get()
    assert (sent(ticket), draft.reply) == ([], "It is on its way.")
    assert "Somebody wrote" in draft.came_back


def test_a_ticket_closed_meanwhile_sends_it_back(
    waiting: Waiting, agent: User, other_agent: User, time_is_up: Run
) -> None:
    ticket = waiting()
    hold(ticket, agent)
    ticket.resolve(actor=other_agent)
    ticket.close(Closure.AGENT, actor=other_agent)
    time_is_up()
    assert (sent(ticket), Draft.objects.get().reply) == ([], "It is on its way.")


def test_who_left_the_team_meanwhile_sends_nothing(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    ticket = waiting()
    hold(ticket, agent)
    User.objects.filter(pk=agent.pk).update(role=Role.REQUESTER)
    time_is_up()
    assert ticket.messages.count() == 1


def test_two_colleagues_do_not_send_past_each_other(waiting: Waiting, agent: User, other_agent: User) -> None:
    ticket = waiting()
    hold(ticket, agent)
    with pytest.raises(held.ColleagueSends, match="Anna Agent"):
        hold(ticket, other_agent, "Hello from Otto")


@pytest.mark.parametrize("put", ["quarantine", "close"])
def test_what_takes_no_reply_refuses_at_once(waiting: Waiting, agent: User, put: str) -> None:
    ticket = waiting()
    if put == "close":
        ticket.resolve(actor=agent)
        ticket.close(Closure.AGENT, actor=agent)
    else:
        ticket.quarantine("spam", agent)
    with pytest.raises(InvalidTransition):
        hold(ticket, agent)


def test_what_is_unread_refuses_at_once(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    seen = last_message(ticket)
    newer = ticket.reply("One more thing.", author=None)
    with pytest.raises(held.Unread) as refusal:
        hold(ticket, agent, seen=seen)
    assert refusal.value.newer == [newer]
    assert ticket.events.filter(kind=Event.Kind.REPLIED).count() == 1


def test_old_rows_are_swept_away_but_none_on_its_way(waiting: Waiting, agent: User, time_is_up: Run) -> None:
    hold(waiting(), agent)
    time_is_up()
    underway = hold(waiting(), agent)
    HeldReply.objects.update(created_at=timezone.now() - timedelta(days=30))
    held.forget_old()
    assert list(HeldReply.objects.all()) == [underway]
