"""Every language that customers write in or are answered in: its bound, its modes, and what is missing in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.conf.locale import LANG_INFO

from triage.answers import language_tags
from triage.models import Answer, Decision, Intent
from triage.modes import LanguageMode, Mode, base, own_modes
from triage.oversight.proof import Evidence, evidence_by_language

LATEST: Final = 10_000  # decisions that the share of a language is counted on
FEWEST: Final = 5  # of these make a language worth a row: single ones are often taken for another


@dataclass(frozen=True)
class Row:
    """One language. ``modes`` counts the intents with an approved answer in it by their mode there."""

    tag: str
    tickets: int
    share: float
    answered: int
    lacking: int
    modes: Mapping[Mode, int]
    evidence: Evidence
    outdated: int

    @property
    def name(self) -> str:
        return name_of(self.tag)

    @property
    def is_own(self) -> bool:
        return self.tag == base(settings.TRIAGE_LANGUAGE)

    @property
    def auto(self) -> int:
        return self.modes.get(Mode.AUTO, 0)


@dataclass(frozen=True)
class Missing:
    """An intent without an approved answer in a language, what there is to translate, and how often it was asked."""

    intent: Intent
    asked: int
    original: Answer | None
    draft: Answer | None


@dataclass(frozen=True)
class Overview:
    intents: int
    counted: int
    rows: Sequence[Row] = field(default_factory=tuple)

    def row(self, tag: str) -> Row | None:
        return next((row for row in self.rows if row.tag == tag), None)


def name_of(tag: str) -> str:
    """In English, as the rest of the desk; the tag itself where it has no name here."""
    return str(LANG_INFO.get(tag, {}).get("name", tag))


def overview() -> Overview:
    """All languages, the house’s own first, then by tickets. A bounded number of queries."""
    latest = list(Decision.objects.order_by("-id").values_list("language", flat=True)[:LATEST])
    tickets = Counter(base(tag) for tag in latest if tag)
    intents = dict(Intent.objects.values_list("slug", "mode"))
    answered: dict[str, set[str]] = defaultdict(set)
    for tag, slug in Answer.objects.approved().values_list("language", "intent__slug"):
        answered[base(tag)].add(slug)
    own = own_modes(LanguageMode.objects.all())
    outdated = Counter(base(tag) for tag in Answer.objects.outdated().values_list("language", flat=True))
    house = base(settings.TRIAGE_LANGUAGE)
    tags = {house, *answered, *(base(tag) for tag, _name in settings.LANGUAGES)}
    tags |= {tag for tag, number in tickets.items() if number >= FEWEST}
    found = evidence_by_language(None, tags)
    rows = [
        Row(
            tag=tag, tickets=tickets[tag], share=tickets[tag] / len(latest) if latest else 0.0,
            answered=len(answered[tag]), lacking=len(intents) - len(answered[tag]),
            modes=Counter(own.get(slug, {}).get(tag) or Mode(intents[slug]) for slug in answered[tag]),
            evidence=found[tag], outdated=outdated[tag],
        )
        for tag in tags
    ]  # fmt: skip
    rows.sort(key=lambda row: (not row.is_own, -row.tickets, -row.answered, row.tag))
    return Overview(len(intents), len(latest), rows)


def missing_in(tag: str) -> list[Missing]:
    """What has no approved answer in ``tag``, what is asked most in it first."""
    latest = Decision.objects.order_by("-id").values_list("language", "intent_slug")[:LATEST]
    asked = Counter(slug for language, slug in latest if language and base(language) == tag)
    live = Answer.objects.exclude(state=Answer.State.RETIRED).order_by("version")
    approved: dict[int, dict[str, Answer]] = defaultdict(dict)
    drafts: dict[int, Answer] = {}
    for answer in live:
        if answer.state == Answer.State.APPROVED:
            approved[answer.intent_id][answer.language] = answer
        elif answer.is_in(tag):
            drafts[answer.intent_id] = answer
    found = [
        Missing(intent, asked[intent.slug], _original(approved[intent.pk]), drafts.get(intent.pk))
        for intent in Intent.objects.all()
        if language_tags.closest(tag, approved[intent.pk]) is None
    ]
    return sorted(found, key=lambda one: (-one.asked, one.original is None, str(one.intent)))


def original_of(intent: Intent) -> Answer | None:
    """The approved answer that translations are made from: in the house’s language, else in the first there is."""
    return _original(
        {answer.language: answer for answer in intent.answers.filter(state=Answer.State.APPROVED)}
    )


def _original(approved: Mapping[str, Answer]) -> Answer | None:
    tag = language_tags.closest(settings.TRIAGE_LANGUAGE, approved) or min(approved, default=None)
    return approved[tag] if tag else None


def outdated_in(tag: str) -> list[tuple[Answer, Answer | None]]:
    """Each translation whose original has changed, with the original of now."""
    rows = Answer.objects.outdated().select_related("intent").order_by("intent__title")
    return [(row, original_of(row.intent)) for row in rows if row.is_in(tag)]
