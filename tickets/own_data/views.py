"""My data: a copy of it, and the way out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits.spending import spend
from accounts.models import User
from tickets.own_data import work
from tickets.own_data.models import SECOND_THOUGHTS, Deletion

View = Callable[..., HttpResponseBase]


def for_owner(view: View) -> View:
    """Only whoever has proved to own the account's address: what was sent from it as a guest is theirs too."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not cast(User, request.user).email_is_verified:
            messages.info(request, _("Confirm your email address first."))
            return redirect("account_email")
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_owner
def my_data(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    export = user.data_exports.waiting().first() or user.data_exports.open().first()
    context = {"export": export, "deletion": Deletion.objects.filter(user=user).first()}
    return render(request, "own_data/my_data.html", context)


@require_POST
@for_owner
def export(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    spend(request, "account_mail", mailbox=user.email)
    work.ask_for_copy(user)
    return redirect("my-data")


@require_safe
@for_owner
def download(request: HttpRequest, token: uuid.UUID) -> HttpResponseBase:
    """The copy, to its owner alone. What has expired is gone, and a new one can be asked for."""
    found = cast(User, request.user).data_exports.exclude(expires_at=None).filter(token=token).first()
    if found is None:
        raise Http404("No such copy.")
    if not found.is_open:
        return render(request, "own_data/expired.html", status=410)
    try:
        content = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The copy is gone.") from error
    name = f"my-data-{timezone.localdate(found.asked_at):%Y-%m-%d}.zip"
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- Going --------------------------------------------------------------------------------------------


def freshly_proved(view: View) -> View:
    """Ask for the password (or the second factor) again; whoever has neither here must have logged in just now."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = cast(User, request.user)
        if user.reads_desk:
            raise PermissionDenied("Somebody who works here does not delete themselves.")
        known = [float(record["at"]) for record in get_authentication_records(request, user)]
        if known and time.time() - max(known) < app_settings.REAUTHENTICATION_TIMEOUT:
            return view(request, *args, **kwargs)
        methods = get_adapter().get_reauthentication_methods(user)
        if not methods:
            return render(request, "own_data/log_in_again.html", {"next": _login_and_back(request)})
        return redirect(f"{methods[0]['url']}?{urlencode({'next': request.path})}")

    return guarded


def _login_and_back(request: HttpRequest) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.path})}"


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
@freshly_proved
def delete(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method == "POST":
        spend(request, "account_mail", mailbox=user.email)
        work.ask_to_delete(user)
        return redirect("my-data")
    context = {"due": timezone.now() + SECOND_THOUGHTS, "backups": settings.BACKUP_KEEP_DAYS}
    return render(request, "own_data/delete.html", context)


@require_POST
@for_owner
def keep(request: HttpRequest) -> HttpResponse:
    if work.keep_account(cast(User, request.user)):
        messages.success(request, _("Your account stays. Nothing was deleted."))
    return redirect("my-data")
