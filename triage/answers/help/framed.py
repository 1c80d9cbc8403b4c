"""The help centre in the widget's frame: search, one article, and answers beside the form."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.spending import LimitReached, spend
from tickets.channels.widget.frame import Frame, framed, page
from triage.answers.help import carried, library, suggestions
from triage.answers.help.library import Shelf
from triage.answers.help.models import LONGEST_SEARCH, Unfound


def _shelf() -> Shelf:
    return library.shelf(translation.get_language() or settings.TRIAGE_LANGUAGE)


def searched(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH]


@require_safe
@framed
def find(request: HttpRequest, frame: Frame) -> HttpResponse:
    shelf, words = _shelf(), searched(request)
    found = shelf.find(words) if words else list(shelf.pages.values())[:8]
    if words and not found:
        with suppress(LimitReached):
            spend(request, "suggest")
            Unfound.note(words.casefold(), shelf.language)
    return page(request, "widget/help.html", frame, {"words": words, "found": found, "shelf": shelf})


@require_safe
@framed
def article(request: HttpRequest, frame: Frame, slug: str) -> HttpResponse:
    found = _shelf().pages.get(slug)
    if found is None:
        raise Http404("No such article.")
    return page(request, "widget/article.html", frame, {"page": found, "words": searched(request)})


# --- Beside the form --------------------------------------------------------------------------------


@require_POST
@framed
def suggest(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Answers to what is being written, as a part of the page; empty where there are none, or too many were asked for."""
    _refuse_strangers(request, frame)
    found, kept = [], request.POST.get("carried", "")
    with suppress(LimitReached):
        spend(request, "suggest")
        found = suggestions.fitting(request.POST.get("body", ""), translation.get_language() or "")
    if found:
        encounter, kept = carried.meet(kept, [one.slug for one in found])
        found = found if encounter.shown else []
    return page(request, "widget/suggestions.html", frame, {"found": found, "carried": kept})


@require_POST
@framed
def solved(request: HttpRequest, frame: Frame) -> HttpResponse:
    """“That solved it”: no ticket is made."""
    _refuse_strangers(request, frame)
    was = carried.solve(request.POST.get("carried", ""), request.POST.get("article", ""))
    return page(request, "widget/solved.html" if was else "widget/suggestions.html", frame, {"found": []})


def _refuse_strangers(request: HttpRequest, frame: Frame) -> None:
    if not frame.is_ours:
        raise PermissionDenied("The request came from no page of this frame.")
