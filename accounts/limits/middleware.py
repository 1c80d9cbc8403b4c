"""What somebody sees who asks too often, and the check that views of other libraries are put under."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.contract.problems import told
from accounts.limits.spending import LimitReached, spend

View = Callable[..., Any]


class LimitsMiddleware:
    """Answers LimitReached of any view with 429 and Retry-After: a page, or JSON below ``/api/``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

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
