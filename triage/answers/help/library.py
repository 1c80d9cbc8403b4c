"""The articles that the public may read now, by language, with their index; made anew when anything of it changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max

from triage.answers import facts, language_tags
from triage.answers.help.models import Article
from triage.answers.help.search import Index, Source, related
from triage.answers.help.texts import public_text
from triage.models import Answer, Example, PolicyRevision

ASKINGS_A_PIECE: Final = 80  # of an intent, that its article is found by


@dataclass(frozen=True)
class Page:
    """One article, ready to be read."""

    slug: str
    language: str
    version: int
    title: str
    summary: str
    topic: str
    text: str
    approved_at: datetime


@dataclass(frozen=True)
class Shelf:
    """All pages of one language in their order."""

    language: str
    pages: Mapping[str, Page]
    index: Index
    sources: Mapping[str, Source] = field(repr=False)

    @property
    def topics(self) -> Sequence[tuple[str, Sequence[Page]]]:
        found: dict[str, list[Page]] = {}
        for page in self.pages.values():
            found.setdefault(page.topic, []).append(page)
        return list(found.items())

    def find(self, words: str, limit: int = 8) -> list[Page]:
        return [self.pages[slug] for slug in self.index.find(words, limit)]

    def beside(self, slug: str) -> list[Page]:
        """What a reader of ``slug`` may want to read too."""
        return [self.pages[other] for other in related(slug, self.sources, self.index)]


_shelves: dict[str, tuple[Any, Shelf]] = {}


def shelf(language: str) -> Shelf:
    """The articles for a reader of ``language``: in it, else in the house's own."""
    stamp = _stamp()
    wanted = language_tags.base(language)
    found = _on_shelf(wanted, stamp)
    house_language = language_tags.base(settings.TRIAGE_LANGUAGE)
    return found if found.pages or wanted == house_language else _on_shelf(house_language, stamp)


def exactly(language: str) -> Shelf:
    """The articles in ``language`` and in no other."""
    return _on_shelf(language_tags.base(language), _stamp())


def _stamp() -> Any:
    known = Article.objects.aggregate(number=Count("pk"), newest=Max("approved_at"))
    return PolicyRevision.current(), known["number"], known["newest"]


def _on_shelf(language: str, stamp: Any) -> Shelf:
    kept = _shelves.get(language)
    if kept is None or kept[0] != stamp:
        kept = _shelves[language] = (stamp, _read(language))
    return kept[1]


def _read(language: str) -> Shelf:
    known = facts.current()
    approved = Article.objects.filter(state=Article.State.APPROVED).select_related("intent")
    articles = [one for one in approved if language_tags.base(one.language) == language]
    letters = {
        answer.intent_id: answer.letter
        for answer in Answer.objects.filter(state=Answer.State.APPROVED)
        if language_tags.base(answer.language) == language
    }
    pages: dict[str, Page] = {}
    for one in articles:
        text = public_text(one.body, letters.get(one.intent_id), known, one.language)
        if text is not None and one.approved_at is not None:
            pages[one.intent.slug] = Page(
                one.intent.slug, one.language, one.version, one.title, one.summary, one.topic, text, one.approved_at
            )  # fmt: skip
    asked = _askings(set(pages))
    sources = {
        slug: Source(slug, page.title, page.summary, page.text, asked.get(slug, ()))
        for slug, page in pages.items()
    }
    return Shelf(language, pages, Index(sources.values(), language), sources)


def _askings(slugs: set[str]) -> Mapping[str, Sequence[str]]:
    rows = Example.objects.filter(is_active=True, stance="", intent__slug__in=slugs).order_by("id")
    found: dict[str, list[str]] = defaultdict(list)
    for slug, text in rows.values_list("intent__slug", "text"):
        if len(found[slug]) < ASKINGS_A_PIECE:
            found[slug].append(text)
    return found
