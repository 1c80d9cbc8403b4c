"""The public help centre, and the answers beside the form."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.spending import LimitReached, spend
from triage.answers import language_tags
from triage.answers.help import encounters, library, suggestions
from triage.answers.help.library import Page, Shelf
from triage.answers.help.models import LONGEST_SEARCH, Unfound, Vote

VOTED: Final = "voted"  # in the session: the vote on each article by its slug
COMMENT_CHARS: Final = Vote._meta.get_field("comment").max_length or 0
MOST_VOTES_KEPT: Final = 50


def _shelf() -> Shelf:
    return library.shelf(translation.get_language() or settings.TRIAGE_LANGUAGE)


def _page(slug: str) -> tuple[Shelf, Page]:
    shelf = _shelf()
    if slug not in shelf.pages:
        raise Http404("No such article.")
    return shelf, shelf.pages[slug]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """All topics, or what a search finds."""
    shelf = _shelf()
    words = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH]
    found = shelf.find(words) if words else []
    if words and not found:
        with suppress(LimitReached):  # one visitor alone does not fill the list
            spend(request, "suggest")
            Unfound.note(words.casefold(), shelf.language)
    foreign = bool(shelf.pages) and shelf.language != language_tags.base(translation.get_language() or "")
    context = {"shelf": shelf, "words": words, "found": found, "ask": _ask(words), "is_foreign": foreign}
    return render(request, "help/home.html", context)


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    shelf, page = _page(slug)
    vote = _vote(request, slug)
    context = {
        "page": page,
        "beside": shelf.beside(slug),
        "vote": vote,
        "ask": _ask(request.GET.get("q", "")[:LONGEST_SEARCH]),
        "canonical": settings.SITE_URL + reverse("help-article", args=[slug]),
    }
    return render(request, "help/article.html", context)


def _ask(words: str) -> str:
    """The form, with what was searched for already in it."""
    return reverse("ticket-new") + (f"?{urlencode({'question': words})}" if words else "")


def _vote(request: HttpRequest, slug: str) -> Vote | None:
    number = request.session.get(VOTED, {}).get(slug)
    return Vote.objects.filter(pk=number, slug=slug).first() if number else None


@require_POST
def helpful(request: HttpRequest, slug: str) -> HttpResponse:
    """“Was this helpful?” once a session and article, then a word about it."""
    _shelf_of_it, page = _page(slug)
    spend(request, "message")
    vote = _vote(request, slug) or Vote(slug=slug, language=page.language, version=page.version)
    answer, said = request.POST.get("helpful", ""), request.POST.get("comment", "").replace("\0", " ").strip()
    if answer in {"yes", "no"}:
        vote.helpful = answer == "yes"
    elif vote.pk is None:
        raise Http404("Nothing was said.")
    if said:
        vote.comment = said[:COMMENT_CHARS]
    vote.save()
    kept = dict(list(request.session.get(VOTED, {}).items())[-MOST_VOTES_KEPT:])
    request.session[VOTED] = {**kept, slug: vote.pk}
    if said:
        messages.success(request, _("Thank you. We read every comment."))
    return redirect(reverse("help-article", args=[slug]) + "#helpful")


# --- Beside the form --------------------------------------------------------------------------------


@require_POST
def suggest(request: HttpRequest) -> HttpResponse:
    """Answers to what is being written, as a part of the page; empty where there are none, or too many were asked for."""
    found: list[Page] = []
    with suppress(LimitReached):
        spend(request, "suggest")
        found = suggestions.fitting(request.POST.get("body", ""), translation.get_language() or "")
    if not found:
        return render(request, "help/suggestions.html", {"found": []})
    met = encounters.meet(request, [page.slug for page in found])
    response = render(request, "help/suggestions.html", {"found": found if met.shown else []})
    encounters.remember(response, met)
    return response


@require_POST
def solved(request: HttpRequest) -> HttpResponse:
    """“That solved it”: no ticket is made."""
    if not encounters.solve(request, request.POST.get("article", "")):
        return render(request, "help/suggestions.html", {"found": []})
    return render(request, "help/solved.html")


# --- For search engines -------------------------------------------------------------------------------


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    pages = library.shelf(settings.TRIAGE_LANGUAGE).pages.values()
    context = {"site": settings.SITE_URL, "pages": pages}
    return render(request, "help/sitemap.xml", context, content_type="application/xml")


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    """Articles may be found by search engines; what is somebody's own may not."""
    allowed = "\n".join(f"Allow: {path}" for path in ("/$", "/help/", "/static/"))
    text = f"User-agent: *\n{allowed}\nDisallow: /\n\nSitemap: {settings.SITE_URL}/sitemap.xml\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
