"""Colleagues who follow a ticket, and those who are mentioned in its notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.audit import Event, EventKind
from tickets.following.models import Follower, Mention
from tickets.mail import notices
from tickets.models import Message, Ticket
from tickets.teams.sight import who_may_see

OFFERED: Final = 8
MOST: Final = 20  # mentions of one note
WROTE: Final = "wrote on"
NOTED: Final = "wrote a note on"


# --- following -----------------------------------------------------------------------------------------------


@transaction.atomic
def follow(ticket: Ticket, agent: User) -> bool:
    """False where they follow it already."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    return Follower.objects.get_or_create(ticket=ticket, agent=agent)[1]


def unfollow(ticket: Ticket, agent: User) -> bool:
    return bool(Follower.objects.filter(ticket=ticket, agent=agent).delete()[0])


def tell_followers(event: Event) -> None:
    """Who follows is told that something was written; what it says is read at the desk only."""
    message = event.message
    if message is None:
        return
    mentioned = message.mentions.all() if message.kind == Message.Kind.NOTE else ()
    told = {event.actor_id, *(mention.agent_id for mention in mentioned)}
    if message.sender == Message.Sender.REQUESTER:
        told.add(event.ticket.assignee_id)  # who is told as the one in charge
    followers = Follower.objects.filter(ticket=event.ticket).exclude(agent__in=told - {None})
    people = who_may_see([row.agent for row in followers.select_related("agent")], event.ticket.team)
    notices.followed(
        event.ticket, people, _writer(event, message), NOTED if message.kind == Message.Kind.NOTE else WROTE
    )


def _writer(event: Event, message: Message) -> str:
    if message.sender == Message.Sender.AGENT:
        return str(event.actor or "A colleague")
    return "The requester" if message.sender == Message.Sender.REQUESTER else "The automatic answer"


# --- mentions ------------------------------------------------------------------------------------------------


def offered(words: str) -> Sequence[User]:
    """Colleagues whose name has a word that begins so, or whose address does."""
    start = words.strip().lower()
    team = User.objects.staff().order_by("name", "email")
    found = [
        one for one in team
        if one.email.startswith(start) or any(part.startswith(start) for part in f"{one.name.lower()} {one.name}".split())
        or one.name.lower().startswith(start)
    ]  # fmt: skip
    return found[:OFFERED]


def handle(agent: User) -> str:
    """What stands behind the @."""
    return agent.name or agent.email.partition("@")[0]


def mentioned_in(body: str) -> list[User]:
    """The colleagues whom a note names as “@Anna Agent” or “@anna”, the beginning of their address."""
    if "@" not in body:
        return []
    found = []
    for one in User.objects.staff().order_by("pk"):
        names = "|".join(re.escape(name) for name in (one.name, one.email.partition("@")[0]) if name)
        if re.search(rf"(?<![\w.@])@(?:{names})(?![\w@])", body, re.IGNORECASE):
            found.append(one)
    return found[:MOST]


def note_mentions(event: Event) -> None:
    """Whoever is named in a note is told, follows the ticket from then on, and has it in their list of mentions."""
    message = event.message
    if message is None:
        return
    seeing = who_may_see(mentioned_in(message.body), event.ticket.team)
    named = [one for one in seeing if one.pk != event.actor_id]
    for one in named:
        Mention.objects.create(ticket=event.ticket, message=message, agent=one)
        Follower.objects.get_or_create(ticket=event.ticket, agent=one)
    notices.mentioned(event.ticket, named, str(event.actor or "A colleague"))


def done_by_writing(event: Event) -> None:
    if event.actor_id is not None:
        done(event.ticket, event.actor_id)


def done(ticket: Ticket, agent_id: int) -> bool:
    """The agent has seen to what they were mentioned for."""
    waiting = Mention.objects.filter(ticket=ticket, agent=agent_id, done_at=None)
    return bool(waiting.update(done_at=timezone.now()))


def mention_of(ticket: Ticket, agent: User) -> Mention | None:
    """The latest that still waits for them."""
    waiting = Mention.objects.filter(ticket=ticket, agent=agent, done_at=None)
    return waiting.select_related("message__author").order_by("-id").first()


# --- what a merge does to them -------------------------------------------------------------------------------


def go_along(event: Event) -> None:
    """Who follows a ticket follows what it goes on in."""
    into = event.facts["into"]
    for row in Follower.objects.filter(ticket=event.ticket):
        Follower.objects.get_or_create(
            ticket_id=into, agent=row.agent, defaults={"merged_from": event.ticket}
        )


def come_back(event: Event) -> None:
    if "out_of" in event.facts:
        Follower.objects.filter(ticket=event.facts["out_of"], merged_from=event.ticket).delete()


FOLLOWED: Final = (EventKind.REPLIED, EventKind.NOTED, EventKind.AUTO_RESOLVED)
