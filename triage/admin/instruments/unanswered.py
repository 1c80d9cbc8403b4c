"""What nobody can answer yet, by meaning, with the way to change that."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.admin import ROW_ID
from accounts.models import User
from triage.admin.access import house_readers, page
from triage.learning import unanswered

PERIODS = (7, 30, 90)


@house_readers
def unanswered_page(request: HttpRequest) -> HttpResponse:
    """The groups, the largest first; a POST makes an intent of one."""
    raw = request.GET.get("days", "")
    days = next((days for days in PERIODS if str(days) == raw), unanswered.DAYS)
    if request.method == "POST":
        key = request.POST.get("key", "")
        try:
            intent = unanswered.make_intent(
                int(key) if ROW_ID.fullmatch(key) else 0, title=request.POST.get("title", ""), days=days,
                by=cast(User, request.user),
            )  # fmt: skip
        except unanswered.Taken as taken:
            messages.error(request, str(taken))
        else:
            messages.success(
                request,
                f"“{intent}” is made, on Shadow. Read its examples and the draft of its answer; it is recognised after "
                "the next training.",
            )
            return redirect("admin:triage_intent_change", intent.pk)
    return page(
        request, "triage/instruments/unanswered.html", "What nobody can answer yet", groups=unanswered.groups(days),
        days=days, periods=PERIODS, least=unanswered.LEAST,
    )  # fmt: skip
