"""What somebody sees who asks too often, and the check that views of other libraries are put under."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.contract.problems import told
from accounts.limits.spending import LimitReached, Standing, spend

View = Callable[..., Any]


class LimitsMiddleware:
    """Answers LimitReached of any view with 429 and Retry-After: a page, or JSON below ``/api/``.

    Programs are told of each limit that was counted, in the fields of the IETF's draft "RateLimit header fields for
    HTTP": ``RateLimit-Policy`` what is allowed, ``RateLimit`` what is left of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        told: list[Standing] = getattr(request, "limits_told", [])
        if told and request.path.startswith("/api/"):
            policies = (f'"{one.name}";q={one.quota};w={one.window}' for one in told)
            response.headers["RateLimit-Policy"] = ", ".join(policies)
            response.headers["RateLimit"] = ", ".join(
                f'"{one.name}";r={one.left};t={one.reset}' for one in told
            )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal(request, exception) if isinstance(exception, LimitReached) else None


def refusal(request: HttpRequest, limit: LimitReached) -> HttpResponse:
    answer: HttpResponse
    if request.path.startswith("/api/"):
        answer = JsonResponse(told(limit.code, str(limit)), status=429)
    else:
        answer = render(request, "429.html", {"message": str(limit)}, status=429)
    answer["Retry-After"] = str(limit.wait)
    return answer


def limited(operation: str, *, mailbox_field: str = "") -> Callable[[View], View]:
    """Count each POST to a view against ``operation``; ``mailbox_field`` names the field with the address."""

    def wrap(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method == "POST":
                spend(request, operation, mailbox=request.POST.get(mailbox_field, ""))
            return view(request, *args, **kwargs)

        return counted

    return wrap
