"""Auditors only read: whatever they send to a page that would do something is refused before any page sees it.

Their own account is theirs (password, second factor, log-out). Programs come with tokens: the API's own base class
asks the same question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import User

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: What an auditor may send: to the pages of their own account, and which language they read.
OWN_PAGES: Final = ("/accounts/", "/language/")
REFUSED: Final = "Auditors only read."


def only_reads(user: object, method: str | None) -> bool:
    """Whether this request must be refused because it is an auditor's and no reading."""
    return isinstance(user, User) and user.is_auditor and method not in READING


class ReadersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if only_reads(request.user, request.method) and not request.path.startswith(OWN_PAGES):
            raise PermissionDenied(REFUSED)
