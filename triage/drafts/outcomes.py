"""What became of drafts: how much of each an agent's reply keeps, beside the plain suggestion on the same tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Avg, Count, Q, Sum
from django.utils import timezone

from tickets.audit import Event
from tickets.models import Message
from triage.desk.suggestion import suggest
from triage.drafts.faults import WORDS
from triage.drafts.letters import letter
from triage.drafts.models import Proposal
from triage.oversight.evidence import Trial, compare

LATELY: Final = timedelta(days=30)
OUTCOMES: Final = {Trial.Result.SAME: Proposal.Outcome.SAME, Trial.Result.EDITED: Proposal.Outcome.EDITED}


def compare_with_reply(event: Event) -> None:
    """An agent has replied: compare with the draft that they had, if they had one. Rows only."""
    message = event.message
    if message is None or message.sender != Message.Sender.AGENT or event.actor is None:
        return
    had = Proposal.objects.ready().filter(
        ticket=event.ticket_id, kind=Proposal.Kind.REPLY, agent=event.actor, kept=None
    )
    proposal = had.order_by("-id").first()
    if proposal is None or not proposal.parts:
        return
    result, kept = compare(letter(proposal.parts), message.body)
    outcome = proposal.outcome or OUTCOMES.get(result, Proposal.Outcome.OTHER)
    decision = (
        event.ticket.decisions.select_related("intent", "corrected_intent", "answer").order_by("-run").first()
    )
    plain = suggest(event.ticket, decision, event.actor)
    beside = compare(plain.text, message.body)[1] if plain else None
    Proposal.objects.filter(pk=proposal.pk).update(outcome=outcome, kept=kept, suggestion_kept=beside)


@dataclass(frozen=True, slots=True)
class Figures:
    """The last 30 days. ``kept`` and ``suggestion_kept`` are means over the same replies: those that had both."""

    asked: int
    ready: int
    struck: int
    failures: Sequence[tuple[str, int]]
    outcomes: Sequence[tuple[str, int]]
    both: int
    kept: float | None
    suggestion_kept: float | None
    tokens: int


def figures() -> Figures:
    rows = Proposal.objects.filter(created_at__gte=timezone.now() - LATELY)
    drafts = rows.filter(kind=Proposal.Kind.REPLY)
    both = drafts.filter(kept__isnull=False, suggestion_kept__isnull=False)
    counts = rows.aggregate(
        asked=Count("pk"), ready=Count("pk", filter=Q(state=Proposal.State.READY)), struck=Sum("struck"), tokens=Sum("tokens")
    )  # fmt: skip
    means = both.aggregate(number=Count("pk"), kept=Avg("kept"), suggestion_kept=Avg("suggestion_kept"))
    failures = rows.filter(state=Proposal.State.FAILED).values_list("failure").annotate(number=Count("pk"))
    settled = drafts.exclude(outcome="").values_list("outcome").annotate(number=Count("pk"))
    words = dict(Proposal.Outcome.choices)
    return Figures(
        asked=counts["asked"], ready=counts["ready"], struck=counts["struck"] or 0, tokens=counts["tokens"] or 0,
        failures=[(WORDS.get(code, code), number) for code, number in failures.order_by("-number")],
        outcomes=[(str(words[code]), number) for code, number in settled.order_by("-number")],
        both=means["number"], kept=means["kept"], suggestion_kept=means["suggestion_kept"],
    )  # fmt: skip
