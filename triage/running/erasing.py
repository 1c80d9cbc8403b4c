"""What triage keeps of a requester's words beside the ticket itself, and how it is blanked."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tickets.models import TicketQuerySet
from triage.core.stance.taught import as_shown
from triage.models import Decision, Example

#: Of a decision's basis: the texts of what was asked, and the fingerprint by which the text could be guessed.
_KEPT_TEXTS: dict[str, Any] = {"asked": [], "text": ""}
#: Of the stance among them: the words that told, and the taught text that is most like it.
_STANCE_TEXTS: dict[str, Any] = {"terms": [], "nearest": ""}


@transaction.atomic
def erase_texts(tickets: TicketQuerySet) -> int:
    """Blank every word of these tickets that triage keeps; how many decisions were blanked.

    That is, of their decisions: the words that weighed, what was asked, the stance's words and nearest text, the
    letter. Examples made from the tickets are deleted, and where another decision shows one as the nearest text, it
    is blanked there. Intents, confidences and reasons stay, so that no figure changes; such a decision can no longer
    be replayed. A model that was trained before may still hold words of the examples until the next training.
    """
    examples = Example.objects.filter(ticket__in=tickets.values("pk"))
    texts = [text for text in examples.values_list("text", flat=True) if text.strip()]
    number = 0
    for decision in Decision.objects.filter(ticket__in=tickets.values("pk")).select_for_update():
        decision.terms, decision.response = [], ""
        decision.basis = _blanked(decision.basis)
        decision.save(update_fields=["terms", "response", "basis"])
        number += 1
    _forget_nearest(texts)
    examples.delete()
    return number


def _blanked(basis: dict[str, Any]) -> dict[str, Any]:
    if not basis:
        return basis
    kept = basis | {name: empty for name, empty in _KEPT_TEXTS.items() if name in basis}
    if kept.get("stance"):
        kept["stance"] = kept["stance"] | _STANCE_TEXTS
    return kept


def _forget_nearest(texts: list[str]) -> None:
    """Blank these texts where other decisions show them as the taught text that is nearest."""
    shown = {as_shown(text) for text in texts}
    for decision in Decision.objects.filter(basis__stance__nearest__in=shown).select_for_update():
        decision.basis["stance"]["nearest"] = ""
        decision.save(update_fields=["basis"])
