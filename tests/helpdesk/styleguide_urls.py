"""The addresses with the style guide among them, as with DEBUG, and each error at an address of its own."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone

from helpdesk import maintenance, urls, views
from tickets.watch.maintenance import Maintenance


def closed(request: HttpRequest) -> HttpResponse:
    return maintenance.closed(request, Maintenance(until=timezone.now() + timedelta(hours=2)))


def shown(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """An error's page as a page like others: the browser says nothing of it on its console."""

    def show(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response.status_code = 200
        return response

    return show


ERRORS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "bad": lambda request: views.error(request, 400),
    "forbidden": lambda request: views.error(request, 403),
    "many": lambda request: render(request, "429.html"),
    "old-link": lambda request: render(request, "tickets/link_expired.html", {"token": "x"}),
    "stale-form": views.csrf_failure,
    "broken": lambda request: views.failure(request, views.BROKEN),
    "closed": closed,
}
urlpatterns = [
    path("styleguide/", include("helpdesk.styleguide.urls")),
    *(path(f"errors/{name}/", shown(view)) for name, view in ERRORS.items()),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = (
    urls.handler400, urls.handler403, urls.handler404, urls.handler500,
)  # fmt: skip
