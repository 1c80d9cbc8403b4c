"""What other limits and modes would have done to the latest decisions, from what was kept with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from triage.core.deciding.bounds import lower_limit, upper_limit
from triage.models import Decision, Intent, Mode, ModelVersion
from triage.modes import LanguageMode, own_modes
from triage.oversight import ladder, versions
from triage.oversight.evidence import AGREEING, WRONG, Audit, Trial
from triage.oversight.preview import MOVED
from triage.running.runtime import read_shelf, sendable_languages, threshold_in

if TYPE_CHECKING:
    from accounts.models import User

DECISIONS: Final = 10_000
SHOWN: Final = 100
#: What a never-automate rule stopped stays stopped here; the rules are no part of the question.
LIMITS: Final = MOVED - {"never_automate"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A policy to try: limits of the whole house, and the modes that differ from today's."""

    threshold: float
    margin: float
    target: float | None = None
    modes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """All that decides whether a ready answer goes out."""

    modes: Mapping[str, str]
    limits: Mapping[str, float]
    margin: float
    languages: Mapping[str, frozenset[str]]
    in_languages: Mapping[str, Mapping[str, Mode]]

    def mode_of(self, one: Kept) -> str | None:
        return self.in_languages.get(one.intent, {}).get(one.language) or self.modes.get(one.intent)

    def answers(self, one: Kept) -> bool:
        return (
            not one.failed - LIMITS
            and self.mode_of(one) == Mode.AUTO
            and one.language in self.languages.get(one.intent, frozenset())
            and one.confidence >= self.limits.get(one.intent, 1.01)
            and one.margin >= self.margin
        )


@dataclass(frozen=True)
class Kept:
    """A stored decision, as far as limits and modes can move it."""

    pk: int
    ticket: int
    reference: str
    subject: str
    intent: str
    confidence: float
    margin: float
    language: str
    failed: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One policy: how many it answers, how many of these were judged (by weight), and the share wrong with 90 %."""

    answered: int
    judged: int
    wrong: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    seen: int
    now: Side
    then: Side
    more: Sequence[tuple[Kept, bool | None]]
    fewer: Sequence[tuple[Kept, bool | None]]
    more_count: int
    fewer_count: int


def today() -> Policy:
    return policy(
        Wish(
            threshold=settings.TRIAGE_THRESHOLD,
            margin=settings.TRIAGE_MIN_MARGIN,
            target=settings.TRIAGE_TARGET_ERROR,
        )
    )


def policy(wish: Wish) -> Policy:
    """The policy that a wish makes of today's."""
    champion = ModelVersion.objects.filter(is_champion=True).first()
    metrics: dict[str, Any] = champion.metrics if champion else {}
    intents, own = list(Intent.objects.all()), own_modes(LanguageMode.objects.all())
    languages = {
        slug: frozenset(tag.partition("-")[0] for tag in tags)
        for slug, tags in sendable_languages(read_shelf()).items()
    }
    return Policy(
        modes={one.slug: wish.modes.get(one.slug, one.mode) for one in intents},
        in_languages={one.slug: _in_languages(one, wish, own.get(one.slug, {})) for one in intents},
        limits={one.slug: _limit(one, wish, metrics) for one in intents},
        margin=wish.margin,
        languages=languages,
    )


def _in_languages(intent: Intent, wish: Wish, own: Mapping[str, Mode]) -> dict[str, Mode]:
    """The modes of its languages; a wish that lowers the intent lowers them too."""
    wanted = Mode(wish.modes.get(intent.slug, intent.mode))
    if wanted.height >= Mode(intent.mode).height:
        return dict(own)
    return {language: min(mode, wanted, key=lambda one: one.height) for language, mode in own.items()}


def _limit(intent: Intent, wish: Wish, metrics: dict[str, Any]) -> float:
    limits = [wish.threshold, intent.threshold or 0.0]
    if wish.target is not None:
        limits.append(threshold_in(metrics, intent.slug, target_error=wish.target))
    return max(limits)


def try_out(wish: Wish) -> Outcome:
    """The latest decisions under the wish and as things stand. Reads two sets of rows, judges in memory, writes nothing."""
    rows = list(kept())
    verdicts = known([row.pk for row in rows])
    now, then = today(), policy(wish)
    pairs = [(row, now.answers(row), then.answers(row)) for row in rows]
    more = [row for row, was, would in pairs if would and not was]
    fewer = [row for row, was, would in pairs if was and not would]
    return Outcome(
        seen=len(rows),
        now=_side([row for row, was, _ in pairs if was], verdicts),
        then=_side([row for row, _, would in pairs if would], verdicts),
        more=_shown(more, verdicts),
        fewer=_shown(fewer, verdicts),
        more_count=len(more),
        fewer_count=len(fewer),
    )


def kept() -> Iterator[Kept]:
    """The latest decisions whose gates were kept, newest first."""
    fields = (
        "pk",
        "ticket",
        "ticket__reference",
        "ticket__subject",
        "intent_slug",
        "confidence",
        "margin",
        "language",
        "basis__failed",
    )
    rows = Decision.objects.order_by("-id").values_list(*fields)[:DECISIONS]
    for pk, ticket, reference, subject, intent, confidence, margin, language, failed in rows:
        if failed is not None:
            base = language.partition("-")[0]
            yield Kept(pk, ticket, reference, subject, intent, confidence, margin, base, frozenset(failed))


Verdicts = Mapping[int, tuple[bool, float]]


def known(decisions: Sequence[int]) -> Verdicts:
    """Of which decisions it is known whether the answer was wrong, and for how many each stands.

    A reviewed draw says it best, then what a person answered instead, then the intent an agent named.
    """
    least, most = (min(decisions), max(decisions)) if decisions else (0, 0)
    found: dict[int, tuple[bool, float]] = {}
    corrected = Decision.objects.filter(pk__gte=least, pk__lte=most, corrected_at__isnull=False)
    for pk, own, named in corrected.values_list("pk", "intent", "corrected_intent"):
        found[pk] = (own != named, 1.0)
    for pk, result in Trial.objects.filter(pk__gte=least, pk__lte=most).values_list("pk", "result"):
        found[pk] = (result not in AGREEING, 1.0)
    audits = Audit.objects.filter(pk__gte=least, pk__lte=most).exclude(verdict="")
    for pk, verdict, refused, probability in audits.values_list("pk", "verdict", "refused_at", "probability"):
        found[pk] = (verdict in WRONG, 1.0 if refused else 1.0 / probability)
    return found


def _side(answered: Sequence[Kept], verdicts: Verdicts) -> Side:
    judged = [verdicts[row.pk] for row in answered if row.pk in verdicts]
    if not judged:
        return Side(answered=len(answered), judged=0, wrong=None, low=None, high=None)
    total = sum(weight for _, weight in judged)
    share = sum(weight for wrong, weight in judged if wrong) / total
    seen = min(float(len(judged)), total**2 / sum(weight**2 for _, weight in judged))
    return Side(
        answered=len(answered), judged=len(judged), wrong=share,
        low=lower_limit(share * seen, seen, delta=0.05), high=upper_limit(share * seen, seen, delta=0.05),
    )  # fmt: skip


def _shown(rows: Sequence[Kept], verdicts: Verdicts) -> list[tuple[Kept, bool | None]]:
    return [(row, verdicts[row.pk][0] if row.pk in verdicts else None) for row in rows[:SHOWN]]


def apply(wish: Wish, *, by: User) -> list[str]:
    """Make the wish the policy, as one version; the steps to Auto go by the ladder. Returns what was left, in words."""
    left: list[str] = []
    floor = settings.TRIAGE_THRESHOLD
    limits = policy(wish).limits
    up = []
    with versions.changing("simulator", by=by, why=_words(wish)):
        for intent in Intent.objects.select_for_update().order_by("pk"):
            wanted = wish.modes.get(intent.slug, intent.mode)
            if wanted == Mode.AUTO != intent.mode:
                up.append(intent)
            elif wanted != intent.mode:
                intent.put_on(Mode(wanted))
            limit = min(1.0, limits[intent.slug])
            if limit > max(floor, intent.threshold or 0.0):
                intent.threshold = limit
            intent.save(update_fields=["threshold"])
    for intent in up:
        try:
            left.append(ladder.set_mode(intent, Mode.AUTO, by=by))
        except ladder.Refused as refusal:
            left.append(f"“{intent}”: {refusal}")
    if wish.threshold < floor:
        left.append(
            f"The general limit stays {floor:g}: it is a setting (TRIAGE_THRESHOLD), which no page lowers."
        )
    if wish.margin != settings.TRIAGE_MIN_MARGIN:
        left.append(f"The margin stays {settings.TRIAGE_MIN_MARGIN:g}: it is a setting (TRIAGE_MIN_MARGIN).")
    return left


def _words(wish: Wish) -> str:
    target = f", target {wish.target:.1%}" if wish.target is not None else ""
    return f"Tried in the simulator: limit {wish.threshold:g}, margin {wish.margin:g}{target}, {len(wish.modes)} modes"
