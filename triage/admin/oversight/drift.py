"""What comes in, beside what came in when the evidence was gathered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from triage.admin.access import house_readers, page, supervisors_only
from triage.core.deciding import drift as core
from triage.desk.wording import LENGTH_WORDS, SCOPE_WORDS
from triage.models import Intent
from triage.oversight import drift, ladder
from triage.oversight.drift import Kept
from triage.oversight.incoming import Kind
from triage.templatetags.desk_words import language_name

PARTS_SHOWN: Final = 10


@dataclass(frozen=True)
class Line:
    """One value in words, with its shares."""

    name: str
    then: float
    now: float
    index: float
    warns: bool


@dataclass(frozen=True)
class Panel:
    """One kind as the page shows it."""

    kept: Kept
    lines: Sequence[Line]

    @property
    def title(self) -> str:
        return str(self.kept.kind.label)

    @property
    def sentence(self) -> str:
        """What moved most, in a sentence."""
        if self.kept.comparison is None:
            return "Too few tickets to tell."
        if not self.kept.warns:
            return "As before."
        first = self.lines[0]
        return f"“{first.name}” went from {first.then * 100:.1f} % to {first.now * 100:.1f} %."


def panels(found: drift.Stream) -> list[Panel]:
    titles = dict(Intent.objects.values_list("slug", "title"))
    return [Panel(kept, _lines(kept, titles)) for kept in found.kinds]


def _lines(kept: Kept, titles: dict[str, str]) -> list[Line]:
    parts = kept.comparison.parts[:PARTS_SHOWN] if kept.comparison else ()
    return [
        Line(_name(kept.kind, one.value, titles), one.then, one.now, one.index, one.warns(len(Kind)))
        for one in parts
    ]


def _name(kind: Kind, value: str, titles: dict[str, str]) -> str:
    if kind is Kind.LANGUAGE:
        return language_name(value) if value else "not recognised"
    if kind is Kind.LENGTH:
        return LENGTH_WORDS.get(value, value)
    if kind is Kind.SCOPE:
        return SCOPE_WORDS.get(value, value)
    return (titles.get(value) or value) if value else "no intent"


@house_readers
def drift_page(request: HttpRequest) -> HttpResponse:
    found = drift.stream()
    return page(
        request, "oversight/drift.html", "What comes in", found=found, panels=panels(found),
        baseline=drift.Baseline.objects.select_related("by").first(), yearly=core.YEARLY,
        needed=drift.REFERENCE_AT_LEAST + drift.LATEST_DAYS[0], fewest=core.FEWEST,
    )  # fmt: skip


@supervisors_only
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """This is how it is now."""
    try:
        drift.accept(by=cast(User, request.user), why=request.POST.get("why", ""))
        messages.success(request, "Taken as the new reference. It is compared again in two weeks.")
    except ladder.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("oversight-drift")
