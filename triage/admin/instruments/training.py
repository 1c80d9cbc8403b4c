"""Train now, compare, promote, and back again with one click."""

from __future__ import annotations

from typing import Any, Final, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signin.powers import power
from triage.admin.access import house_readers, page, supervisors_only
from triage.admin.instruments.backtests import watched
from triage.admin.oversight.ladder import confirm_page
from triage.learning.parts import worse_parts
from triage.learning.promotion import NotThere, earlier_champion, let_decide
from triage.learning.runs import models as runs
from triage.learning.runs.models import Run
from triage.models import Example, ModelVersion

SHOWN: Final = 10


def rows_of(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines, the whole set first, then the worse ones."""
    kinds = ("all", "intent", "stance", "language")
    return sorted(
        comparison.get("lines", ()), key=lambda line: (line["set"], kinds.index(line["kind"]), not line["worse"], line["name"])
    )  # fmt: skip


@house_readers
def training_page(request: HttpRequest) -> HttpResponse:
    """The training that runs, the models there are, and the newest beside the one that decides."""
    if request.method == "POST":
        if runs.is_under_way(Run.Kind.TRAINING):
            messages.info(request, "A training is under way already.")
        else:
            runs.begin(Run.Kind.TRAINING, by=cast(User, request.user))
        return redirect("triage-training")
    latest = Run.objects.filter(kind=Run.Kind.TRAINING).first()
    newest = ModelVersion.objects.order_by("-id").first()
    comparison = newest.metrics.get("comparison", {}) if newest and not newest.is_champion else {}
    response = page(
        request, "triage/instruments/training.html", "Train and compare", run=latest, newest=newest,
        rows=rows_of(comparison), comparison=comparison, worse=len(worse_parts(comparison)),
        champion=ModelVersion.objects.filter(is_champion=True).first(), earlier=earlier_champion(),
        examples=Example.objects.for_training().count(), golden=Example.objects.filter(is_golden=True).count(),
        candidates=Example.objects.all().candidates().count(),
    )  # fmt: skip
    return watched(latest, response) if latest else response


@supervisors_only
@power()
def promote_page(request: HttpRequest, model_id: int) -> HttpResponse:
    """Let a model decide; where it is worse in any part than the one that decides, only after it was asked about."""
    version = get_object_or_404(ModelVersion, pk=model_id, is_champion=False)
    worse = worse_parts(version.metrics.get("comparison", {}))
    if request.method == "POST" and (request.POST.get("sure") == "1" or not worse):
        return _promote(request, version)
    lines = [
        f"{line['set']}, {line['kind']} {line['name']}: {line['challenger_right']} right and {line['challenger_wrong']} wrong "
        f"of {line['n']}, before {line['champion_right']} and {line['champion_wrong']}"
        for line in worse
    ]
    return confirm_page(
        request, f"Let {version} decide?", lines or ["No part is worse than with the model that decides now."],
        [("sure", "1")], "Let it decide",
        text="In these parts it is worse than the model that decides now. You can go back with one click."
        if worse
        else "It decides from the next ticket on. You can go back with one click.",
        cancel=reverse("triage-training"),
    )  # fmt: skip


def _promote(request: HttpRequest, version: ModelVersion) -> HttpResponse:
    try:
        let_decide(version, by=cast(User, request.user))
    except NotThere as gone:
        messages.error(request, str(gone))
        return redirect("triage-training")
    messages.success(request, f"{version} decides from the next ticket on.")
    return redirect("triage-training")


@supervisors_only
@require_POST
@power()
def back_to_earlier(request: HttpRequest) -> HttpResponse:
    """One click: the model that decided before decides again."""
    version = earlier_champion()
    if version is None:
        messages.error(request, "There is no earlier model to go back to.")
        return redirect("triage-training")
    return _promote(request, version)
