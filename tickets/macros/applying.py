"""Finding a macro by what an agent types, and applying it to a ticket."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from tickets.desk import drafts
from tickets.desk.models import Draft
from tickets.errors import TicketError
from tickets.macros.models import Macro
from tickets.macros.variables import filled
from tickets.models import Ticket
from tickets.states import Urgency
from tickets.tags import tagging

OFFERED = 8


class NoSuchMacro(TicketError):
    """The words name no macro, or more than one."""

    code = "no_such_macro"


def offered(agent: User, words: str = "") -> list[Macro]:
    """What the agent may mean by ``words``: names with all of them, else macros whose texts have; most used first."""
    own = Macro.objects.of(agent)
    wanted = words.split()
    by_name = own
    for word in wanted:
        by_name = by_name.filter(name__icontains=word)
    found = list(by_name[:OFFERED])
    if found or not wanted:
        return found
    for word in wanted:
        own = own.filter(reply__icontains=word)
    return list(own[:OFFERED])


def named(agent: User, words: str) -> Macro:
    """The macro of exactly this name, or the only one whose name has these words. Raises NoSuchMacro."""
    words = " ".join(words.split())
    if not words:
        raise NoSuchMacro("Type a macro's name first.")
    # One's own goes before a shared one of the same name.
    same = [one for one in Macro.objects.of(agent).filter(name__iexact=words) if one.owner_id] or list(
        Macro.objects.of(agent).filter(name__iexact=words)
    )
    found = same[:1] or offered(agent, words)
    if not found:
        raise NoSuchMacro(f"There is no macro “{words}”.")
    if len(found) > 1:
        raise NoSuchMacro(f"Several macros have “{words}” in them: {', '.join(map(str, found))}. Type more.")
    return found[0]


@transaction.atomic
def apply(macro: Macro, ticket: Ticket, *, agent: User) -> str:
    """Do what ``macro`` says and return it in words. All or nothing: raises TicketError where a step is refused.

    Its texts go into the agent's draft behind what stands there, and are sent by nobody but the agent.
    """
    told = []
    if macro.takes and ticket.assignee_id != agent.pk:
        ticket.assign(agent, actor=agent, held_by={None, agent.pk})
        told.append("The ticket is yours.")
    if macro.urgency is not None and macro.urgency != ticket.urgency:
        ticket.prioritise(Urgency(macro.urgency), actor=agent)
        told.append(f"The urgency is now “{Urgency(macro.urgency).label.lower()}”.")
    if put := tagging.put(ticket, tagging.read_names(macro.tags), by=agent):
        told.append(f"Tagged {', '.join(put)}.")
    draft = drafts.draft_of(agent, ticket) or Draft()
    texts = {
        name: _behind(getattr(draft, name), filled(text, ticket, agent))
        for name, text in (("reply", macro.reply), ("note", macro.note))
        if text
    }
    if texts:
        drafts.keep(agent, ticket, texts)
        told.append(f"“{macro}” is in your {' and your '.join(texts)}.")
    if macro.reply and macro.then == Draft.Then.RESOLVE:
        drafts.resolve_when_sent(agent, ticket)
        told.append("Sending it resolves the ticket.")
    macro.count_use()
    return " ".join(told) or f"“{macro}” is done already."


def _behind(written: str, text: str) -> str:
    """``text`` behind what is written; once, however often the macro is applied."""
    if text.strip() in written:
        return written
    return f"{written.rstrip()}\n\n{text}" if written.strip() else text
