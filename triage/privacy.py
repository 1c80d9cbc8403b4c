"""What triage keeps of a person's words, and which models have learnt from them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts import privacy
from accounts.privacy import Person
from tickets.models import Ticket
from tickets.privacy import tickets_of
from triage.models import Decision, Example, ModelVersion
from triage.running import erasing, vector_store


def export_decisions(person: Person) -> dict[str, list[dict[str, Any]]]:
    decisions = Decision.objects.filter(ticket__in=tickets_of(person))
    return {
        "decisions": privacy.rows(
            decisions.values(
                "ticket__reference", "action", "reason", "intent_slug", "confidence", "created_at"
            )
        )
    }


def erase_decisions(person: Person) -> dict[str, Any]:
    """Runs before the tickets' eraser, which takes the address away by which they are found."""
    ids = list(tickets_of(person).values_list("pk", flat=True))
    learnt = models_that_learnt(ids)
    vector_store.forget(ids)
    erased = erasing.erase_texts(Ticket.objects.all().filter(pk__in=ids))
    Decision.objects.filter(ticket__in=ids).update(detail="", similar=[], objection=None)
    return {"decisions": erased, "models_that_learnt_the_texts": learnt}


def models_that_learnt(ids: list[int]) -> list[str]:
    """Folders of the versions trained, or indexed, when a text of these tickets was there to learn from.

    Words of a text may stand among a model's terms, one by one; a training from now on no longer has them.
    """
    examples = (
        Example.objects.filter(ticket__in=ids)
        .order_by("created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    settled = (
        Ticket.objects.filter(pk__in=ids, resolved_at__isnull=False)
        .order_by("resolved_at").values_list("resolved_at", flat=True).first()
    )  # fmt: skip
    learnt = Q(pk=None)
    if examples:
        learnt |= Q(created_at__gte=examples)
    if settled:
        learnt |= Q(indexed_until__gte=settled)
    return list(ModelVersion.objects.filter(learnt).order_by("pk").values_list("folder", flat=True))


privacy.register("triage", export_decisions, erase_decisions)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop("tickets")  # it goes last
