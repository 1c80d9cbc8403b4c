"""What stands at the head of every supervisor's page: the switch for all automatic answers, and what is the matter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from accounts.admin import is_supervisor
from accounts.models import User
from accounts.signin.powers import power
from tickets.watch import maintenance
from triage.admin.access import supervisors_only
from triage.oversight import switch, versions, watch

UNDO_OFFERED = timedelta(minutes=15)


def context(request: HttpRequest) -> dict[str, Any]:
    """For the admin's templates; nothing is read where no page shows it."""
    return {
        "oversight_switch": SimpleLazyObject(lambda: _part(request, "oversight/switch.html")),
        "oversight_banner": SimpleLazyObject(lambda: _part(request, "oversight/banner.html")),
    }


def _part(request: HttpRequest, template: str) -> SafeString:
    if not is_supervisor(request):
        return mark_safe("")  # a constant
    facts = {
        "stop": switch.state(),
        "maintenance": maintenance.state(),
        "here": request.get_full_path() if request.method == "GET" else "",
        "latches": _latches,
        "undoable": lambda: _undoable(cast(User, request.user)),
    }
    return render_to_string(template, facts, request)


def _latches() -> list[watch.Latch]:
    return list(watch.Latch.objects.select_related("intent")[:10])


def _undoable(user: User) -> versions.PolicyVersion | None:
    """The change that this supervisor has just made, if it is the latest one and can be taken back."""
    newest = versions.latest()
    mine = newest is not None and newest.by_id == user.pk and newest.changes and newest.action != "undo"
    return newest if newest and mine and newest.at > timezone.now() - UNDO_OFFERED else None


def resumes(request: HttpRequest) -> bool:
    return request.POST.get("stopped") != "1"


@supervisors_only
@require_POST
@power(resumes)
def switch_view(request: HttpRequest) -> HttpResponse:
    """Stop all automatic answers, or resume them; back to the page one came from."""
    stopped = request.POST.get("stopped") == "1"
    why = " ".join(request.POST.get("why", "").split())
    changed = switch.set_stopped(stopped, by=cast(User, request.user), why=why)
    if not changed:
        messages.info(request, "It was so already.")
    elif stopped:
        messages.success(request, "All automatic answers are stopped. The modes of the intents are kept.")
    else:
        messages.success(request, "Automatic answers are on again, each intent in its mode.")
    return redirect(back(request))


def back(request: HttpRequest) -> str:
    """The page of ours that the form came from, else the overview."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted.startswith("/") and ours else "admin:index"
