"""Backtests from the screen: begun, watched, read, and taken along as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signin.powers import always, power
from triage.admin.access import house_readers, page, supervisors_only
from triage.instruments.backtest.figures import MINUTES_A_MISTAKE, MINUTES_A_TICKET, Assumptions
from triage.instruments.backtest.page import shown, standalone
from triage.learning.importing import COLUMNS
from triage.learning.runs import models as runs
from triage.learning.runs.models import Run
from triage.oversight.ladder import target_error

LARGEST: Final = 100 * 1024**2  # bytes of a history
LOOK_AGAIN: Final = 3  # seconds between two looks at a run that is not over
SHOWN: Final = 20


class BacktestForm(forms.Form):
    """A file, or months of the house's own tickets."""

    file = forms.FileField(required=False, label="History (CSV or JSONL)")
    months = forms.IntegerField(
        required=False, min_value=1, max_value=120, label="… or the last months of this house (how many)"
    )
    target = forms.FloatField(min_value=0.1, max_value=50, label="Wrong answers tolerated, in percent")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST:
            raise forms.ValidationError(
                f"A history has at most {LARGEST // 1024**2} MB here; use the command for more."
            )
        if file and Path(file.name).suffix.lower() not in {".csv", ".jsonl", ".ndjson"}:
            raise forms.ValidationError("Give a .csv or .jsonl file.")
        return file

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and bool(said.get("file")) == bool(said.get("months")):
            raise forms.ValidationError("Choose a file or a number of months, one of the two.")
        return said


class AssumptionsForm(forms.Form):
    """What an answer and a mistake cost."""

    minutes = forms.FloatField(min_value=0, max_value=600, required=False)
    mistake = forms.FloatField(min_value=0, max_value=6000, required=False)

    def assumed(self) -> Assumptions:
        said = self.cleaned_data if self.is_valid() else {}
        values = said.get("minutes"), said.get("mistake")
        return Assumptions(
            MINUTES_A_TICKET if values[0] is None else values[0],
            MINUTES_A_MISTAKE if values[1] is None else values[1],
        )


@house_readers
def backtests_page(request: HttpRequest) -> HttpResponse:
    """What was tried so far, and a new one."""
    form = BacktestForm(request.POST or None, request.FILES or None, initial={"target": target_error() * 100})
    if request.method == "POST" and form.is_valid():
        return redirect("triage-backtest", _begin(form, cast(User, request.user)).pk)
    found = Run.objects.filter(kind=Run.Kind.BACKTEST).select_related("by")[:SHOWN]
    return page(
        request,
        "triage/instruments/backtests.html",
        "Backtest",
        form=form,
        runs=found,
        columns=", ".join(COLUMNS),
    )


def _begin(form: BacktestForm, by: User) -> Run:
    said = form.cleaned_data
    target = said["target"] / 100
    file = said["file"]
    if not file:
        name = f"the last {said['months']} months of this house"
        return runs.begin(Run.Kind.BACKTEST, by=by, months=said["months"], target=target, name=name)
    kept = f"history{Path(file.name).suffix.lower()}"
    return runs.begin(
        Run.Kind.BACKTEST, by=by, file=kept, target=target, name=Path(file.name).name[:120],
        before_start=lambda run: _keep(run, kept, file),
    )  # fmt: skip


def _keep(run: Run, name: str, file: Any) -> None:
    """The file lies where the worker looks before the job does."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with (run.folder / name).open("wb") as out:
        for chunk in file.chunks():
            out.write(chunk)


@house_readers
def backtest_page(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far it is, then what came of it."""
    run = get_object_or_404(Run, pk=run_id, kind=Run.Kind.BACKTEST)
    form = AssumptionsForm(request.GET or None)
    assumed = form.assumed()
    context = shown(run.result, assumed) if run.result else {}
    response = page(
        request, "triage/instruments/backtest.html", f"Backtest: {run.wish.get('name', run.pk)}", run=run, assumed=assumed,
        query=request.GET.urlencode(), **context,
    )  # fmt: skip
    return watched(run, response)


def watched(run: Run, response: HttpResponse) -> HttpResponse:
    """Have the browser look again while it is not over; this needs no script."""
    if not run.is_over:
        response["Refresh"] = str(LOOK_AGAIN)
    return response


@supervisors_only
@power(always)
def backtest_html(request: HttpRequest, run_id: int) -> HttpResponse:
    """The report as one page, to mail or print."""
    run = _done(run_id)
    text = standalone(run.result or {}, AssumptionsForm(request.GET or None).assumed())
    return _attached(HttpResponse(text), run, "html")


@supervisors_only
@power(always)
def backtest_json(request: HttpRequest, run_id: int) -> HttpResponse:
    """Its figures, for programs."""
    run = _done(run_id)
    return _attached(JsonResponse(run.result, json_dumps_params={"indent": 1}), run, "json")


def _done(run_id: int) -> Run:
    return get_object_or_404(Run, pk=run_id, kind=Run.Kind.BACKTEST, state=Run.State.DONE)


def _attached(response: HttpResponse, run: Run, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="backtest-{run.pk}.{ending}"'
    return response


@supervisors_only
@require_POST
def stop_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """A run that is not over stops at its next step."""
    run = get_object_or_404(Run, pk=run_id)
    runs.wish_stop(run)
    messages.info(request, f"{run} stops at its next step.")
    if run.kind == Run.Kind.BACKTEST:
        return redirect("triage-backtest", run.pk)
    return redirect("triage-training")
