"""What is known of each answer that was, or would have been, sent: how people answered instead, and the audit.

Nobody is asked for a trial: where a person answers a ticket that an answer was ready for, their reply is compared.
An audit is drawn at random with a known probability, so that what is found in it speaks for all.
"""

from __future__ import annotations

import random
from datetime import timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from triage.models import Action, Decision

if TYPE_CHECKING:
    from accounts.models import User

WORDS_COMPARED: Final = 1_500  # of each text: the comparison stays below a few milliseconds
KEPT_AS_IS: Final = 0.95  # of the answer's words are in the reply …
ADDED_AT_MOST: Final = (
    0.2  # … and no more than this share of the reply is the agent's own: greeting, signature
)
KEPT_IN_PART: Final = 0.5

#: Whatever the setting says, no answer is ever out of reach of the audit.
SMALLEST_SHARE: Final = 0.005
#: Answers of an intent's first days on Auto are drawn more often: until so many were sent.
NEW_UNTIL: Final = 50
NEW_SHARE: Final = 0.5
#: After a change of the policy that concerns the intent, for so long and so much more often.
CHANGED_FOR: Final = timedelta(days=7)
CHANGED_FACTOR: Final = 2.0
#: Within this of the limit a confidence counts as low, and is drawn so much more often.
LOW_WITHIN: Final = 0.1
LOW_FACTOR: Final = 2.0


class Trial(models.Model):
    """How a person answered a ticket that an answer was ready for and not sent."""

    class Result(models.TextChoices):
        SAME = "same", "Same answer"
        EDITED = "edited", "Same answer, edited"
        OTHER = "other", "Another text"
        OTHER_INTENT = "other_intent", "Another matter"

    decision = models.OneToOneField(Decision, models.CASCADE, related_name="trial", primary_key=True)
    intent_slug = models.CharField(max_length=80)
    result = models.CharField(max_length=12, choices=Result.choices)
    kept = models.FloatField(null=True, help_text="Share of the answer's words that the person kept.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["intent_slug", "at"], name="trial_by_intent")]

    def __str__(self) -> str:
        return self.get_result_display()

    @property
    def agrees(self) -> bool:
        return self.result in AGREEING


AGREEING: Final = (Trial.Result.SAME, Trial.Result.EDITED)


class Audit(models.Model):
    """One answer (or one escalation) with the probability it was drawn with, and what was found of it."""

    class Part(models.TextChoices):
        ANSWERED = "answered", "Answered automatically"
        ESCALATED = "escalated", "Handed to a person"

    class Verdict(models.TextChoices):
        RIGHT = "right", "Right"
        PARTLY = "partly", "Helpful in part"
        WRONG = "wrong", "Wrong"
        HARMFUL = "harmful", "Harmful"

    decision = models.OneToOneField(Decision, models.CASCADE, related_name="audit", primary_key=True)
    part = models.CharField(max_length=9, choices=Part.choices)
    intent_slug = models.CharField(max_length=80)
    language = models.CharField(max_length=8, blank=True)
    at = models.DateTimeField(help_text="When the answer was sent, or the ticket handed over.")
    probability = models.FloatField(help_text="Of being drawn; never 0.")
    weight = models.FloatField(help_text="The smallest probability of that moment over its own.")
    drawn = models.BooleanField()
    refused_at = models.DateTimeField(
        null=True, blank=True, help_text="The requester said that it is not solved: reviewed for certain."
    )
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    why = models.CharField(max_length=400, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    judged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["part", "intent_slug", "at"], name="audit_by_intent"),
            models.Index(
                fields=["at"],
                name="audit_due",
                condition=Q(verdict="") & (Q(drawn=True) | Q(refused_at__isnull=False)),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1), name="audit_probability"
            ),
            models.CheckConstraint(condition=Q(weight__gt=0, weight__lte=1), name="audit_weight"),
        ]

    def __str__(self) -> str:
        return self.get_verdict_display() or "Not reviewed"

    @property
    def included(self) -> bool:
        return self.drawn or self.refused_at is not None

    @property
    def is_wrong(self) -> bool:
        return self.verdict in WRONG


WRONG: Final = (Audit.Verdict.WRONG, Audit.Verdict.HARMFUL)


# --- drawing ---------------------------------------------------------------------------------------------


def shares(decision: Decision, *, sent: int, changed: bool) -> tuple[float, float]:
    """(probability, smallest of that moment) with which an automatic answer is drawn.

    ``sent`` is how many answers the intent has had before, ``changed`` whether its policy changed lately. What
    depends on the moment alone is in both; only what depends on the answer itself sets them apart.
    """
    moment = max(SMALLEST_SHARE, settings.TRIAGE_AUDIT_SHARE) * (CHANGED_FACTOR if changed else 1.0)
    moment = min(1.0, max(moment, NEW_SHARE) if sent < NEW_UNTIL else moment)
    low = decision.confidence < decision.threshold + LOW_WITHIN
    return min(1.0, moment * (LOW_FACTOR if low else 1.0)), moment


def draw(decision: Decision, *, changed: bool = False) -> Audit:
    """Decide by lot whether this automatic answer is reviewed; kept either way."""
    sent = Audit.objects.filter(part=Audit.Part.ANSWERED, intent_slug=decision.intent_slug)[
        :NEW_UNTIL
    ].count()
    probability, smallest = shares(decision, sent=sent, changed=changed)
    return _drawn(decision, Audit.Part.ANSWERED, probability, smallest)


def take_escalated(decision: Decision, share: float) -> Audit | None:
    """It was drawn, with a chance of ``share``, from what went to people although there was an intent: would an answer
    have been right?"""
    if not decision.intent_slug or not decision.response:
        return None
    return _drawn(decision, Audit.Part.ESCALATED, share, share)


def _drawn(decision: Decision, part: str, probability: float, smallest: float) -> Audit:
    chosen = part == Audit.Part.ESCALATED or random.random() < probability  # noqa: S311
    audit, _ = Audit.objects.get_or_create(
        decision=decision,
        defaults={
            "part": part,
            "intent_slug": decision.intent_slug,
            "language": decision.language,
            "at": decision.created_at,
            "probability": probability,
            "weight": smallest / probability,
            "drawn": chosen,
        },
    )
    return audit


def refuse(ticket_id: int) -> None:
    """The requester says that it is not solved: the answer is reviewed whatever the lot said."""
    Audit.objects.filter(decision__ticket=ticket_id, part=Audit.Part.ANSWERED, refused_at=None).update(
        refused_at=timezone.now()
    )


def due() -> models.QuerySet[Audit]:
    """What waits for a verdict, oldest first."""
    included = Q(drawn=True) | Q(refused_at__isnull=False)
    return Audit.objects.filter(included, verdict="").order_by("at", "decision_id")


@transaction.atomic
def give_verdict(audit: Audit, verdict: Audit.Verdict, *, by: User, why: str = "") -> None:
    """Keep what a reviewer found; said again, it replaces what was said before."""
    row = Audit.objects.select_for_update().get(pk=audit.pk)
    row.verdict, row.why, row.judged_by, row.judged_at = verdict, why[:400], by, timezone.now()
    row.save(update_fields=["verdict", "why", "judged_by", "judged_at"])


# --- trials ----------------------------------------------------------------------------------------------


def compare(answer: str, reply: str) -> tuple[Trial.Result, float]:
    """How much of the answer a person's reply keeps (0 to 1), and what that makes of it."""
    ours, theirs = answer.split()[:WORDS_COMPARED], reply.split()[:WORDS_COMPARED]
    if not ours or not theirs:
        return Trial.Result.OTHER, 0.0
    matched = sum(
        block.size for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    )
    kept, added = matched / len(ours), 1.0 - matched / len(theirs)
    if kept >= KEPT_AS_IS and added <= ADDED_AT_MOST:
        return Trial.Result.SAME, kept
    return (Trial.Result.EDITED if kept >= KEPT_IN_PART else Trial.Result.OTHER), kept


def score_reply(ticket_id: int, reply: str) -> None:
    """A person has answered first: compare with the answer that was ready, if one was and was not sent."""
    ready = Decision.objects.filter(ticket=ticket_id, would_send=True, trial=None)
    decision = ready.exclude(action=Action.AUTO_RESOLVE, applied=True).order_by("-run").first()
    if decision is None:
        return
    result, kept = compare(decision.response, reply)
    if decision.corrected_at and decision.corrected_intent_id != decision.intent_id:
        result = Trial.Result.OTHER_INTENT
    Trial.objects.create(decision=decision, intent_slug=decision.intent_slug, result=result, kept=kept)


def score_correction(ticket_id: int) -> None:
    """A person names the intent: another one than decided makes the answer one to another matter."""
    for decision in Decision.objects.filter(ticket=ticket_id, would_send=True, corrected_at__isnull=False):
        if decision.action == Action.AUTO_RESOLVE and decision.applied:
            continue
        if decision.corrected_intent_id != decision.intent_id:
            Trial.objects.update_or_create(
                decision=decision,
                defaults={"intent_slug": decision.intent_slug, "result": Trial.Result.OTHER_INTENT},
            )
        else:  # corrected back: the reply counts again, once there is one
            Trial.objects.filter(decision=decision, result=Trial.Result.OTHER_INTENT).delete()
