"""What nobody can answer yet: tickets that went to people for want of an answer, by meaning, and an intent made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from tickets.models import Message
from triage.core.reading.text import find_ask
from triage.core.similar.grouping import group
from triage.models import Answer, Decision, Example, Intent, Mode, fingerprint
from triage.oversight import versions

if TYPE_CHECKING:
    from accounts.models import User

DAYS: Final = 30
LOOKED_AT: Final = 1_500  # tickets, the latest
LEAST: Final = 3  # tickets of a group that is shown
SHOWN: Final = 30
QUESTIONS: Final = 8
REPLIES: Final = 5
#: Why a ticket went to people where an intent, or an answer, was missing.
REASONS: Final = ("out_of_scope", "unknown_intent", "no_answer", "low_confidence", "small_margin", "no_model")


class Taken(Exception):
    """The intent cannot be made; the message says why."""


@dataclass(frozen=True)
class Asked:
    """One ticket that nobody could answer: what it asks, and what a person replied first, if anybody did."""

    ticket: int
    reference: str
    text: str
    reply: str


@dataclass(frozen=True)
class Unanswered:
    """Tickets that ask the same. ``key`` names the group as long as its most typical ticket stays so."""

    key: int
    title: str
    tickets: Sequence[Asked]

    @property
    def count(self) -> int:
        return len(self.tickets)

    @property
    def questions(self) -> list[Asked]:
        return list(self.tickets[:QUESTIONS])

    @property
    def replies(self) -> list[str]:
        """Different replies that people gave, the most typical question's first."""
        return list(dict.fromkeys(one.reply for one in self.tickets if one.reply))[:REPLIES]


def groups(days: int = DAYS) -> list[Unanswered]:
    """The groups of the last ``days`` days, the largest first."""
    asked = _asked(days)
    found = group([one.text for one in asked], least=LEAST)[:SHOWN]
    return [
        Unanswered(
            key=asked[one.members[0]].ticket,
            title=", ".join(one.words) or asked[one.members[0]].text[:60],
            tickets=[asked[at] for at in one.members],
        )
        for one in found
    ]


def _asked(days: int) -> list[Asked]:
    """Not those from which an intent was made, or whose intent a person has named."""
    since = timezone.now() - timedelta(days=days)
    rows = Decision.objects.filter(
        created_at__gte=since,
        applied=True,
        reason__in=REASONS,
        ticket__quarantined_at=None,
        corrected_intent=None,
    ).exclude(ticket__examples__isnull=False)
    fields = ("ticket", "ticket__reference", "ticket__subject", "ticket__requester_name")
    tickets = {row[0]: row for row in rows.order_by("-id").values_list(*fields)[:LOOKED_AT]}
    bodies: dict[int, str] = {}
    replies: dict[int, str] = {}
    said = Message.objects.filter(ticket__in=tickets, kind=Message.Kind.REPLY).order_by("id")
    for ticket, sender, body in said.values_list("ticket", "sender", "body"):
        if sender == Message.Sender.REQUESTER:
            bodies.setdefault(ticket, body)
        elif sender == Message.Sender.AGENT:
            replies.setdefault(ticket, body)
    found = []
    for pk, reference, subject, name in tickets.values():
        text = without_name(find_ask(subject, bodies.get(pk, "")).text, name)
        if text:
            found.append(Asked(pk, reference, text, without_name(replies.get(pk, ""), name)))
    return found


def without_name(text: str, name: str) -> str:
    """The text without its writer's name."""
    words = "|".join(re.escape(word) for word in name.split() if len(word) > 1)
    return re.sub(rf"\b({words})\b", " ", text, flags=re.IGNORECASE).strip() if words else text.strip()


@transaction.atomic
def make_intent(key: int, *, title: str, by: User, days: int = DAYS) -> Intent:
    """An intent on SHADOW of the group that ``key`` names: its questions as examples, a draft from its first reply.

    Raises Taken where the group, or the name, is not to be had.
    """
    title = " ".join(title.split())[:120]
    slug = slugify(title).replace("-", "_")[:80]
    if not slug:
        raise Taken("Give it a title of letters.")
    if Intent.objects.filter(slug=slug).exists():
        raise Taken(f"There is an intent “{slug}” already. Choose another title.")
    chosen = next((one for one in groups(days) if one.key == key), None)
    if chosen is None:
        raise Taken("These tickets are grouped otherwise by now. Look at the list again.")
    with versions.changing("intent", by=by, why=f"made of {chosen.count} tickets that nobody could answer"):
        intent = Intent.objects.create(slug=slug, title=title, mode=Mode.SHADOW)
        known = set(
            Example.objects.filter(
                fingerprint__in=[fingerprint(one.text) for one in chosen.tickets]
            ).values_list("fingerprint", flat=True)
        )
        for one in chosen.tickets:
            if fingerprint(one.text) not in known:
                known.add(fingerprint(one.text))
                Example.objects.create(
                    intent=intent, text=one.text, source=Example.Source.MANUAL, ticket_id=one.ticket
                )
        if chosen.replies:
            # Braces would be read as variables of ours.
            body = chosen.replies[0].replace("{", "(").replace("}", ")")[:8000]
            Answer.objects.create(intent=intent, body=body, drafted_by=by)
    return intent
