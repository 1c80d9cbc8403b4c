"""Lets what people made of similar tickets weigh against a belief.

Only a ticket that a person has settled since the model was trained says something new: older ones have been
learnt, and an intent that nobody confirmed is the machine's own guess come back. Such a ticket can only
lower the confidence. One that agrees stands up against one that does not; it never raises what the model
said, because thresholds that bound the error were proven on confidences without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from triage.core.types import Objection, SimilarTicket

#: A ticket less similar than this says nothing: most of a stranger's nearest tickets are.
NEAR = 0.5
#: Log-odds that are lost for each unit of similarity above it.
#: Both measured by ``benchmarks/outcomes.py``, between what fits banking77 (2.6) and clinc150 (4.0) best.
PULL = 3.5
#: From this similarity on it is the same question in the same words. What a person made of it stands until the
#: model has learnt it, whatever the model believes: the same wrong answer is not given twice.
SAME = 0.95
MOST_CONTRADICTED = 0.5


@dataclass(frozen=True, slots=True)
class Weighed:
    """A confidence after similar tickets were heard.

    Attributes
    ----------
    confidence : float
        In [0, 1], never more than before.
    heard : tuple of SimilarTicket
        The nearest confirmed ticket that ended otherwise and the nearest that did not, where there are such:
        all that the confidence depends on.
    objection : Objection or None
        What lowered it, if anything did.
    """

    confidence: float
    heard: tuple[SimilarTicket, ...] = ()
    objection: Objection | None = None


def weigh_outcomes(confidence: float, intent: str | None, similar: Iterable[SimilarTicket]) -> Weighed:
    """Lower a confidence where the nearest confirmed ticket had another intent, or none of ours.

    Parameters
    ----------
    confidence : float
        Probability in [0, 1] that ``intent`` is right.
    intent : str or None
        None is not weighed: there is nothing to lower.
    similar : iterable of SimilarTicket
        In any order; those that are not ``confirmed`` are passed over.

    Notes
    -----
    The log-odds fall by ``PULL * max(0, n(against) - n(for))`` with ``n(s) = max(0, s - NEAR)`` of the larger
    similarity on each side; where the nearer one against is the same question, no more than
    ``MOST_CONTRADICTED`` is left. So more agreeing tickets never lower, more disagreeing ones never raise.
    """
    heard = [ticket for ticket in similar if ticket.confirmed]
    against = _nearest(ticket for ticket in heard if ticket.intent != intent)
    agreeing = _nearest(ticket for ticket in heard if ticket.intent == intent)
    kept = tuple(ticket for ticket in (against, agreeing) if ticket is not None)
    lead = _nearness(against) - _nearness(agreeing)
    if intent is None or against is None or lead <= 0 or not confidence > 0:
        return Weighed(confidence, kept)
    lowered = _lowered(confidence, PULL * lead)
    if against.similarity >= SAME:
        lowered = min(lowered, MOST_CONTRADICTED)
    return Weighed(lowered, kept, Objection(against.id, against.similarity, against.intent, confidence))


def _nearest(tickets: Iterable[SimilarTicket]) -> SimilarTicket | None:
    return min(tickets, key=lambda ticket: (-ticket.similarity, ticket.id), default=None)


def _nearness(ticket: SimilarTicket | None) -> float:
    return max(0.0, ticket.similarity - NEAR) if ticket is not None else 0.0


def _lowered(confidence: float, log_odds: float) -> float:
    """Take log-odds off a probability. Each step rounds in one direction, so that order is kept exactly."""
    kept = confidence * math.exp(-log_odds)
    return min(confidence, 1 / (1 + (1 - confidence) / kept)) if kept > 0 else 0.0
