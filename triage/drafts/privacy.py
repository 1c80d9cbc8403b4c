"""What drafts keep of a person: the masked question, the model's answer, and what was made of it."""

from __future__ import annotations

from typing import Any

from accounts import privacy
from accounts.privacy import Person
from tickets.privacy import tickets_of
from triage.drafts.models import Proposal


def export_proposals(person: Person) -> dict[str, list[dict[str, Any]]]:
    found = Proposal.objects.filter(ticket__in=tickets_of(person))
    shown = ("ticket__reference", "kind", "model", "prompt", "answer", "parts", "spans", "created_at")
    return {"drafts_by_a_language_model": privacy.rows(found.values(*shown))}


def erase_proposals(person: Person) -> dict[str, Any]:
    """Runs before the tickets' eraser, which takes the address away by which they are found."""
    ids = list(tickets_of(person).values_list("pk", flat=True))
    return {"drafts_by_a_language_model": Proposal.objects.filter(ticket__in=ids).delete()[0]}


privacy.register("drafts", export_proposals, erase_proposals)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop("tickets")  # it goes last
