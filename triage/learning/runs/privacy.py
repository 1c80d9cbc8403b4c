"""A backtest's report shows texts that would have been answered wrongly. Whoever is erased may be among their writers."""

from __future__ import annotations

from typing import Any

from accounts import privacy
from accounts.privacy import Person
from triage.learning.runs.models import Run


def export_runs(person: Person) -> dict[str, list[dict[str, Any]]]:
    """The texts carry no address, so nobody can tell whose they are."""
    return {}


def erase_runs(person: Person) -> dict[str, Any]:
    """Nobody can tell which texts are this person's, so all go; the figures stay."""
    blanked = 0
    for run in Run.objects.filter(kind=Run.Kind.BACKTEST, result__isnull=False):
        result = run.result or {}
        if any(one["text"] for one in result.get("mistakes", ())):
            result["mistakes"] = [{**one, "text": ""} for one in result["mistakes"]]
            Run.objects.filter(pk=run.pk).update(result=result)
            blanked += 1
    return {"texts_of_backtests": blanked}


privacy.register("runs", export_runs, erase_runs)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop("tickets")  # it goes last
