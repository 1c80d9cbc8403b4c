"""Who must have a second factor sets it up before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sealing import Unsealable
from accounts.signin.factors import lacks_required, vouched_for

View = Callable[..., HttpResponse]
#: Pages that lead to a second factor, or away.
OPEN_PAGES: Final = {
    "account_reauthenticate",
    "account_logout",
    "account_login",
    "language",
    "health",
    "ready",
}
OPEN_BEGINNING: Final = "mfa_"


class SecondFactorMiddleware:
    """Programs come with tokens, not with a session: the API's own log-in asks them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            return None
        name = getattr(request.resolver_match, "url_name", None) or ""
        if name in OPEN_PAGES or name.startswith(OPEN_BEGINNING) or not isinstance(request.user, User):
            return None
        if not lacks_required(request.user) or vouched_for(request):
            return None
        messages.warning(request, _("Set up a second step first: your role needs one."))
        return redirect("mfa_index")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A factor that was kept under another SECRET_KEY can't be read: it must be removed by somebody else."""
        if isinstance(exception, Unsealable) and not request.path.startswith("/api/"):
            return render(request, "mfa/unreadable.html", status=503)
        return None
