"""The simulator of policies: other limits and modes, on the latest decisions; then made the policy in one step."""

from __future__ import annotations

import time
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.signin.powers import power
from triage.admin.access import page, supervisors_only
from triage.models import Intent, Mode
from triage.oversight import what_if
from triage.oversight.what_if import Wish


class WishForm(forms.Form):
    """Limits of the house in percent, and the intents whose mode differs."""

    threshold = forms.FloatField(min_value=1, max_value=100, label="Confidence needed, in percent")
    margin = forms.FloatField(min_value=0, max_value=100, label="Lead over the runner-up, in percent")
    target = forms.FloatField(
        min_value=0.1, max_value=50, required=False, label="Error promised, in percent (empty: none)"
    )
    auto = forms.ModelMultipleChoiceField(Intent.objects.none(), required=False, label="Put on Auto")
    suggest = forms.ModelMultipleChoiceField(Intent.objects.none(), required=False, label="Put on Suggest")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        automated = Intent.objects.filter(mode=Mode.AUTO).order_by("title")
        others = Intent.objects.exclude(mode=Mode.AUTO).order_by("title")
        cast(forms.ModelMultipleChoiceField, self.fields["auto"]).queryset = others
        cast(forms.ModelMultipleChoiceField, self.fields["suggest"]).queryset = automated

    def wish(self) -> Wish:
        said = self.cleaned_data
        modes = {one.slug: Mode.AUTO.value for one in said["auto"]}
        modes |= {one.slug: Mode.SUGGEST.value for one in said["suggest"]}
        return Wish(
            threshold=said["threshold"] / 100,
            margin=said["margin"] / 100,
            target=said["target"] / 100 if said["target"] else None,
            modes=modes,
        )


@supervisors_only
@power()
def what_if_page(request: HttpRequest) -> HttpResponse:
    """GET tries a policy, POST applies it."""
    today = {
        "threshold": round(settings.TRIAGE_THRESHOLD * 100, 1),
        "margin": round(settings.TRIAGE_MIN_MARGIN * 100, 1),
        "target": settings.TRIAGE_TARGET_ERROR and round(settings.TRIAGE_TARGET_ERROR * 100, 1),
    }
    said = request.POST if request.method == "POST" else request.GET
    form = WishForm(said if "threshold" in said else None, initial=today)
    found, seconds = None, 0.0
    if form.is_bound and form.is_valid():
        if request.method == "POST":
            for line in what_if.apply(form.wish(), by=cast(User, request.user)):
                messages.warning(request, line)
            messages.success(request, "Applied. You can undo it with one click.")
            return redirect("triage-what-if")
        began = time.perf_counter()
        found = what_if.try_out(form.wish())
        seconds = time.perf_counter() - began
    return page(
        request, "triage/instruments/what_if.html", "What if", form=form, found=found, seconds=seconds,
        hidden=[(name, value) for name, values in request.GET.lists() for value in values if name in form.fields],
    )  # fmt: skip
