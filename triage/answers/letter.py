"""An answer's forms: for people with an account, for guests, and the short one for a one-line question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tickets.models import Message, Ticket
from triage.answers import house, variables
from triage.core.terms import words

#: A question of so many words at most ("What is your phone number?") gets the short form. Longer ones tell
#: something that the long form speaks to.
SHORT_QUESTION_WORDS = 8
SHORT_QUESTION_CHARS = 100  # for writing that puts no blanks between words


@dataclass(frozen=True)
class Letter:
    """The texts of one answer. An empty ``guest`` or ``short`` means that ``body`` serves there too."""

    language: str
    body: str
    guest: str = ""
    short: str = ""

    def render(self, ticket: Ticket, known: house.House, *, asked: str | None = None) -> str:
        """The letter for this ticket. ``asked`` is what the requester wrote (None: look)."""
        text = self.text(
            has_account=ticket.requester_id is not None,
            is_short=bool(self.short) and is_short(asked_on(ticket) if asked is None else asked),
            facts=known,
        )
        return variables.fill(text, ticket, known, self.language)

    def text(self, *, has_account: bool, is_short: bool, facts: house.House) -> str:
        """The form for this reader, its variables not filled in yet."""
        if is_short and self.short:
            return self.short
        is_guest = not has_account or facts.has_accounts is False
        return self.guest if is_guest and self.guest else self.body

    def missing(self, facts: house.House) -> list[house.Fact]:
        """The facts that some reader's form needs and the house has not said, in the order of asking.

        Where the house has no accounts, the form for people who have one is never sent and needs nothing.
        """
        needed = {name for text in self._sent(facts) for name in variables.facts_in(text)}
        if self.guest and facts.has_accounts is None:
            needed.add(house.ACCOUNTS)
        return [
            fact
            for fact in house.FACTS
            if fact.key in needed and facts.value(fact.key, self.language) is None
        ]

    def _sent(self, facts: house.House) -> Sequence[str]:
        if self.guest and facts.has_accounts is False:
            return (self.guest, self.short)
        return (self.body, self.guest, self.short)

    @property
    def needs(self) -> frozenset[str]:
        """The keys of all facts that any of its forms names."""
        return frozenset(
            name for text in (self.body, self.guest, self.short) for name in variables.facts_in(text)
        )


def asked_on(ticket: Ticket) -> str:
    """What the requester has written, as far as it tells whether that is a single line."""
    if ticket.pk is None:
        return ""
    if ticket.opening is not None:
        return ticket.opening.body
    written = ticket.messages.filter(sender=Message.Sender.REQUESTER).order_by("id")
    return "\n".join(written.values_list("body", flat=True)[:2])


def is_short(asked: str) -> bool:
    """Whether the requester wrote one line that a one-line answer does justice to."""
    line = asked.strip()
    return len(line) <= SHORT_QUESTION_CHARS and 0 < len(words(line)) <= SHORT_QUESTION_WORDS
