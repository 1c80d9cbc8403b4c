"""What counts as the same login, and what a locked-out person sees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from allauth.account.signals import password_reset
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.db.models import Max
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.client_address import client_source
from accounts.contract.problems import told
from accounts.models import User

LOCKED_MESSAGE = _("Too many failed attempts. Wait a while or reset your password, then try again.")


def login_name(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str:
    """The e-mail address that a login names, however the form or the API called the field."""
    sources: list[Mapping[str, Any]] = [credentials or {}]
    if request is not None:
        sources.append(getattr(request, "POST", {}))
    for source in sources:
        for field in ("email", "username", "login"):
            if source.get(field):
                # It is asked for in the database, which takes no NUL.
                return User.objects.normalize_email(str(source[field]).replace("\0", ""))
    return ""


def seconds_locked(request: HttpRequest, email: str) -> int:
    """How long the lock of this person at this address still lasts. Tries while it holds do not prolong it."""
    failures = AccessAttempt.objects.filter(username=email, ip_address=client_source(request))
    latest = failures.aggregate(latest=Max("attempt_time"))["latest"] or timezone.now()
    ends = latest + settings.AXES_COOLOFF_TIME
    return max(1, math.ceil((ends - timezone.now()).total_seconds()))


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    after = str(seconds_locked(request, login_name(request, getattr(request, "axes_credentials", None))))
    if request.path.startswith("/api/"):
        body = told("locked_out", str(LOCKED_MESSAGE))
        return JsonResponse(body, status=429, headers={"Retry-After": after})
    page = render(request, "account/locked_out.html", {"message": str(LOCKED_MESSAGE)}, status=429)
    page["Retry-After"] = after
    return page


@receiver(password_reset)
def unlock(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Whoever could open the link in the mail owns the account: earlier failures no longer count."""
    reset(username=user.email)
