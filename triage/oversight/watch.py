"""The alarm over the random audit: what it sees, what it does when it goes off, and how people let it begin anew.

Two streams each for the whole house and for every automated intent, with their own part of the tolerated false
alarms: the answers drawn at random, and all answers with those marked that a requester refused and a reviewer found
wrong. Either sets it off. It stays so until a supervisor has looked and resumes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import models, transaction
from django.db.models import F, Max, Window
from django.db.models.functions import RowNumber
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from triage.core.deciding import alarm
from triage.models import Intent, Mode
from triage.oversight import evidence, ladder, switch, versions
from triage.oversight.evidence import WRONG, Audit

if TYPE_CHECKING:
    from accounts.models import User

#: False alarms that are tolerated over all time: in the whole house, and once more shared among the intents.
ALPHA: Final = 0.05
#: Of it, what the random draws get; the refusals get the rest.
DRAWN_PART: Final = 0.9
LOOKED_AT: Final = 20_000  # answers of one stream, at most
MAILS: Final = 50
HOUSE: Final = ""
#: What is read of each answer.
FIELDS: Final = ("weight", "drawn", "refused_at", "verdict")
Seen = tuple[float, bool, datetime | None, str]


class Latch(models.Model):
    """The alarm of an intent, or of the whole house where there is no intent, has gone off and was not lifted yet."""

    intent = models.OneToOneField(Intent, models.CASCADE, null=True, blank=True, related_name="latch")
    at = models.DateTimeField(default=timezone.now)
    reviewed = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField()
    target = models.FloatField()
    mode_before = models.CharField(max_length=8, blank=True)
    languages_before = models.JSONField(
        null=True, blank=True, help_text="Languages that were on Auto by themselves."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(intent=None), name="latch_one_for_the_house"
            )
        ]

    def __str__(self) -> str:
        return f"Alarm: {self.intent or 'the whole house'}"


class Watched(models.Model):
    """From when on the evidence of a stream counts: after a resumption it begins anew. Empty slug: the house."""

    slug = models.CharField(max_length=80, primary_key=True, blank=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug or "The whole house"


@dataclass(frozen=True)
class Gauge:
    """How far one stream is from its alarm."""

    slug: str
    drawn: alarm.Alarm
    refused: alarm.Alarm
    wrong: int
    waiting: int
    target: float
    since: datetime | None

    @property
    def crossed(self) -> bool:
        return self.drawn.crossed or self.refused.crossed

    @property
    def distance(self) -> float:
        """From 1, nothing speaks for an alarm, to 0, it goes off."""
        return min(self.drawn.distance, self.refused.distance)

    @property
    def reviewed(self) -> int:
        return self.drawn.reviewed - self.waiting


def gauge(slug: str = HOUSE) -> Gauge:
    """Where the alarm of an intent stands, or that of the whole house."""
    since = Watched.objects.filter(pk=slug).values_list("since", flat=True).first()
    rows = _answers().filter(intent_slug=slug) if slug else _answers()
    if since:
        rows = rows.filter(at__gt=since)
    latest = list(rows.order_by("-at", "-decision_id").values_list(*FIELDS)[:LOOKED_AT])[::-1]
    return _gauge(slug, latest, since, shared=automated_intents() if slug else 1)


def gauges(slugs: Collection[str]) -> dict[str, Gauge]:
    """Those of the automated intents ``slugs``, in two queries however many there are."""
    since = dict(Watched.objects.filter(pk__in=slugs).values_list("slug", "since"))
    number = Window(
        RowNumber(), partition_by="intent_slug", order_by=[F("at").desc(), F("decision_id").desc()]
    )
    rows = _answers().filter(intent_slug__in=slugs).annotate(number=number).filter(number__lte=LOOKED_AT)
    ordered = rows.order_by("intent_slug", "at", "decision_id").values_list("intent_slug", "at", *FIELDS)
    found = {slug: _gauge(slug, [], since.get(slug), shared=len(slugs)) for slug in slugs}
    for slug, own in groupby(ordered.iterator(), key=itemgetter(0)):  # one intent in memory at a time
        latest = [
            (row[2], row[3], row[4], row[5]) for row in own if slug not in since or row[1] > since[slug]
        ]
        found[slug] = _gauge(slug, latest, since.get(slug), shared=len(slugs))
    return found


def _answers() -> models.QuerySet[Audit]:
    return Audit.objects.filter(part=Audit.Part.ANSWERED)


def _gauge(slug: str, latest: Sequence[Seen], since: datetime | None, *, shared: int) -> Gauge:
    """``latest`` in the order of answering; ``shared`` streams share their part of the false alarms."""
    alpha, target = ALPHA / max(1, shared), ladder.target_error()
    drawn = _until_last_verdict([(weight, verdict) for weight, is_drawn, _, verdict in latest if is_drawn])
    return Gauge(
        slug=slug,
        drawn=alarm.judge(
            [float(verdict in WRONG) for _, verdict in drawn],
            [weight for weight, _ in drawn],
            target=target,
            alpha=alpha * DRAWN_PART,
        ),
        refused=alarm.judge(
            [float(verdict in WRONG and refused is not None) for _, _, refused, verdict in latest],
            [1.0] * len(latest),
            target=target,
            alpha=alpha * (1.0 - DRAWN_PART),
        ),
        wrong=sum(verdict in WRONG for _, _, _, verdict in latest),
        waiting=sum(not verdict for _, verdict in drawn),
        target=target,
        since=since,
    )


def _until_last_verdict(rows: Sequence[tuple[float, str]]) -> Sequence[tuple[float, str]]:
    """Without those at the end that nobody has reviewed: they say nothing yet."""
    return rows[: max((at for at, (_, verdict) in enumerate(rows, 1) if verdict), default=0)]


def automated_intents() -> int:
    return Intent.objects.automated().count()


def look(slug: str) -> None:
    """After a verdict on an answer of this intent: set off what is to be set off."""
    for stream in (slug, HOUSE):
        found = gauge(stream)
        if found.crossed:
            go_off(found)


@transaction.atomic
def go_off(found: Gauge) -> bool:
    """Pause the intent to SUGGEST, or stop everything; keep it so, and tell the supervisors. Whether it was news."""
    intent = Intent.objects.select_for_update().filter(slug=found.slug).first() if found.slug else None
    if found.slug and (intent is None or not intent.is_automated):
        return False
    latch, created = Latch.objects.get_or_create(
        intent=intent,
        defaults={
            "reviewed": found.reviewed,
            "wrong": found.wrong,
            "target": found.target,
            "mode_before": intent.mode if intent else "",
        },
    )
    if not created:
        return False
    why = f"{found.wrong} wrong of {found.reviewed} reviewed, {found.target:.1%} allowed"
    if intent is None:
        switch.set_stopped(True, by=None, why=f"Alarm: {why}")
    else:
        with versions.changing("alarm", by=None, why=why):
            latch.languages_before = ladder.pause(intent)
        latch.save(update_fields=["languages_before"])
    tell_supervisors(intent, found)
    return True


def tell_supervisors(intent: Intent | None, found: Gauge) -> None:
    """One mail each; what the tickets say is read in the admin only."""
    title = str(intent) if intent else "all intents"
    facts = {
        "company": settings.COMPANY_NAME,
        "intent": intent,
        "found": found,
        "url": f"{settings.SITE_URL}{reverse('oversight-alarms')}",
    }
    body = render_to_string("oversight/alarm.txt", facts)
    for address in ladder.supervisors().order_by("pk").values_list("email", flat=True)[:MAILS]:
        send_mail(f"Alarm: automatic answers paused for {title}", body, None, [address])


def judge(audit: Audit, verdict: Audit.Verdict, *, by: User, why: str = "") -> None:
    """Keep what a reviewer found of an answer, and look whether it sets the alarm off."""
    evidence.give_verdict(audit, verdict, by=by, why=why)
    if audit.part == Audit.Part.ANSWERED:
        look(audit.intent_slug)


@transaction.atomic
def resume(latch: Latch, *, by: User, why: str) -> str:
    """A supervisor has looked. The evidence begins anew; the intent goes back to the mode it had."""
    if not why.strip():
        raise ladder.Refused("Say in writing what was found and what was done about it.")
    latch = Latch.objects.select_for_update(of=("self",)).select_related("intent").get(pk=latch.pk)
    intent = latch.intent
    slug = intent.slug if intent else HOUSE
    newest = Audit.objects.filter(intent_slug=slug) if slug else Audit.objects.all()
    since = newest.aggregate(newest=Max("at"))["newest"] or timezone.now()
    Watched.objects.update_or_create(slug=slug, defaults={"since": since})
    before, languages = latch.mode_before, latch.languages_before or []
    latch.delete()
    if intent is None:
        switch.set_stopped(False, by=by, why=why)
        return "Automatic answers are on again. The evidence is counted anew."
    with versions.changing("resume", by=by, why=why):
        intent.put_on(Mode(before or Mode.SUGGEST))
        for row in intent.language_modes.filter(language__in=languages, mode=Mode.SUGGEST):
            row.mode = Mode.AUTO
            row.save(update_fields=["mode"])
    return f"“{intent}” is on “{intent.get_mode_display().partition(':')[0]}” again. Its evidence is counted anew."


def sweep() -> None:
    """What a verdict alone would not show: a target that was lowered, a process that died in between."""
    if Latch.objects.filter(intent=None).exists() or not Audit.objects.exclude(verdict="").exists():
        return
    for found in [*gauges(list(Intent.objects.automated().values_list("slug", flat=True))).values(), gauge()]:
        if found.crossed:
            go_off(found)
