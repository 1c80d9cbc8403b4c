"""The account of mail: mails in = tickets + replies + reports + duplicates + put aside + ignored."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from tickets.channels.email.models import InboundMail, Outcome


@dataclass(frozen=True, slots=True)
class Account:
    total: int
    outcomes: dict[str, int]
    missing: int  # mails that became a ticket or reply without a message: nobody could read them

    def rows(self) -> list[tuple[str, int]]:
        return [(str(Outcome(outcome).label), count) for outcome, count in self.outcomes.items()]


def account() -> Account:
    """Count all mails by what became of them; what is said to be on a ticket is looked for there."""
    counts = {outcome: Count("pk", filter=Q(outcome=outcome)) for outcome in Outcome.values}
    spoken = Q(outcome__in=[Outcome.TICKET, Outcome.REPLY])
    found = InboundMail.objects.aggregate(
        total=Count("pk"), missing=Count("pk", filter=spoken & Q(message=None, ticket=None)), **counts
    )
    outcomes = {outcome: found[outcome] for outcome in Outcome.values}
    return Account(found["total"], outcomes, found["missing"] + found["total"] - sum(outcomes.values()))
