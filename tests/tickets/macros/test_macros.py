"""A macro writes into the draft and does its steps, all or none, for whoever may use it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from tickets.desk import drafts, held
from tickets.desk.models import Draft
from tickets.errors import Held
from tickets.macros.applying import NoSuchMacro, apply, named, offered
from tickets.macros.models import Macro
from tickets.macros.variables import check, filled
from tickets.models import Event, Message, OutgoingMail, Ticket
from tickets.states import Urgency


@pytest.fixture
def ticket(escalated: Ticket) -> Ticket:
    escalated.requester_name = "Rita {agent} Requester"
    escalated.save(update_fields=["requester_name"])
    return escalated


def macro(
    name: str = "Refund", reply: str = "Hello {first_name}, it is on its way.", **facts: object
) -> Macro:
    return Macro.objects.create(name=name, reply=reply, **facts)


def test_a_reply_goes_into_the_draft_and_to_nobody(ticket: Ticket, agent: User) -> None:
    messages, mails = Message.objects.count(), OutgoingMail.objects.count()
    told = apply(macro(), ticket, agent=agent)
    draft = drafts.draft_of(agent, ticket)
    assert draft is not None
    assert draft.reply == "Hello Rita, it is on its way."
    assert told == "“Refund” is in your reply."
    assert (Message.objects.count(), OutgoingMail.objects.count()) == (messages, mails)


def test_what_was_written_stays_and_twice_is_once(ticket: Ticket, agent: User) -> None:
    drafts.keep(agent, ticket, {"reply": "As I said:"})
    chosen = macro()
    apply(chosen, ticket, agent=agent)
    apply(chosen, ticket, agent=agent)
    assert drafts.draft_of(agent, ticket).reply == "As I said:\n\nHello Rita, it is on its way."


def test_a_value_is_never_read_for_variables(ticket: Ticket, agent: User) -> None:
    assert filled("Dear {requester} of {reference}", ticket, agent) == (
        f"Dear Rita {{agent}} Requester of {ticket.reference}"
    )


def test_a_name_that_is_not_known_leaves_no_gap(ticket: Ticket, agent: User) -> None:
    ticket.requester_name = ""
    assert filled("Hello {first_name}, {agent}", ticket, agent) == "Hello, Anna Agent"


@pytest.mark.parametrize("text", ["Hello {firstname}", "{ticket.requester}", "{0}", "{ agent }"])
def test_a_variable_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="A macro may use"):
        check(text)
    check("Hello {first_name}: {}, {{, a {\nb}")


def test_all_its_steps_are_done(ticket: Ticket, agent: User) -> None:
    chosen = macro(note="Checked by {agent}.", urgency=Urgency.HIGH, takes=True, then=Draft.Then.RESOLVE)
    told = apply(chosen, ticket, agent=agent)
    ticket.refresh_from_db()
    draft = drafts.draft_of(agent, ticket)
    assert (ticket.assignee, ticket.urgency) == (agent, Urgency.HIGH)
    assert (draft.note, draft.then) == ("Checked by Anna Agent.", Draft.Then.RESOLVE)
    assert told == (
        "The ticket is yours. The urgency is now “high”. “Refund” is in your reply and your note. "
        "Sending it resolves the ticket."
    )
    chosen.refresh_from_db()
    assert chosen.used == 1
    assert chosen.used_at is not None


def test_a_colleague_s_ticket_is_not_taken_and_nothing_else_done(
    ticket: Ticket, agent: User, other_agent: User
) -> None:
    ticket.assign(other_agent, actor=other_agent)
    before = Event.objects.count()
    with pytest.raises(Held):
        apply(macro(urgency=Urgency.HIGH, takes=True), ticket, agent=agent)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.urgency) == (other_agent, Urgency.NORMAL)
    assert Event.objects.count() == before
    assert drafts.draft_of(agent, ticket) is None
    assert Macro.objects.get().used == 0


def test_sending_takes_the_step_with_it_and_forgets_it(ticket: Ticket, agent: User) -> None:
    apply(macro(then=Draft.Then.RESOLVE), ticket, agent=agent)
    last = ticket.messages.order_by("-id")[0].pk
    held.hold(ticket, author=agent, body="Hello", seen=last, page=uuid4(), then=Draft.Then.RESOLVE)
    assert drafts.draft_of(agent, ticket).then == Draft.Then.WAIT


def test_it_is_found_by_name_by_words_and_by_its_text(agent: User) -> None:
    refund, late = macro(), macro("Late parcel", "Sorry for the delay.")
    macro("Late refund", "Soon.")
    assert named(agent, " late  PARCEL ") == late
    assert named(agent, "parcel") == late
    assert named(agent, "refund") == refund
    assert named(agent, "delay") == late


@pytest.mark.parametrize(
    ("words", "told"), [("", "Type a macro's name"), ("gift", "no macro “gift”"), ("late", "Several macros")]
)
def test_words_that_name_none_or_several_are_refused(agent: User, words: str, told: str) -> None:
    macro("Late parcel"), macro("Late refund")
    with pytest.raises(NoSuchMacro, match=told):
        named(agent, words)


def test_nobody_finds_what_is_another_agent_s(agent: User, other_agent: User) -> None:
    macro("Mine", owner=agent), macro("Theirs", owner=other_agent), macro("Ours")
    assert {str(one) for one in offered(agent)} == {"Mine", "Ours"}
    with pytest.raises(NoSuchMacro):
        named(agent, "Theirs")


def test_one_s_own_goes_before_a_shared_one_of_the_same_name(agent: User) -> None:
    macro("Refund")
    own = macro("Refund", owner=agent)
    assert named(agent, "refund") == own


def test_the_most_used_is_offered_first(agent: User) -> None:
    macro("A"), macro("B", used=3)
    assert [str(one) for one in offered(agent)] == ["B", "A"]


def test_one_that_does_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="does something"):
        Macro(name="Empty").clean()
