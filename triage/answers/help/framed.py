"""The help centre in the widget's frame: search, and one article."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_safe

from accounts.limits.spending import LimitReached, spend
from tickets.channels.widget.frame import Frame, framed, page
from triage.answers.help import library
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
