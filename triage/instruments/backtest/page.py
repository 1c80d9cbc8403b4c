"""The report of a backtest as words and drawings: for the page, and as one file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone

from triage.desk.wording import reason_text
from triage.instruments import plots
from triage.instruments.backtest.figures import Assumptions, saved
from triage.instruments.curves import Bin, Point
from triage.models import Intent

SHEETS = ("css/variables.css", "css/report.css")


def shown(found: dict[str, Any], assumed: Assumptions) -> dict[str, Any]:
    """What the templates need."""
    titles = dict(Intent.objects.values_list("slug", "title"))
    bins, points = [Bin(**one) for one in found["bins"]], [Point(**one) for one in found["points"]]
    return {
        "found": found,
        "saved": saved(found, assumed),
        "bins": bins,
        "points": points,
        "error": found["calibration_error"],
        "reliability": plots.reliability_plot(bins) if bins else None,
        "risk": plots.risk_plot(points) if points else None,
        "intents": [(titles.get(one["intent"]) or one["intent"] or "For a person: no intent named", one) for one in found["intents"]],
        "reasons": [(reason_text(code), n) for code, n in found["reasons"]],
        "titles": list(titles.items()),
        "made": timezone.localtime(),
    }  # fmt: skip


def standalone(found: dict[str, Any], assumed: Assumptions) -> str:
    """One HTML file with its styles inside: to be mailed, kept and printed."""
    sheets = "\n".join(_sheet(name) for name in SHEETS)
    return render_to_string(
        "triage/instruments/backtest_file.html", {**shown(found, assumed), "sheets": sheets}
    )


def _sheet(name: str) -> str:
    found = finders.find(name)
    return Path(found).read_text(encoding="utf-8") if isinstance(found, str) else ""
