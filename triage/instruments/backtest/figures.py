"""The backtest's report: how much would have been answered, how much of it wrongly, with what certainty, and what it saves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from triage.core.backtest import Tried
from triage.core.deciding.thresholds import Threshold, find_threshold
from triage.instruments.curves import Known, calibration_error, reliability, risk_coverage

TARGETS: Final = (0.05, 0.02, 0.01)
CERTAINTY: Final = 0.9
WRONG_SHOWN: Final = 200
INTENTS_SHOWN: Final = 300
MINUTES_A_TICKET: Final = 6.0
MINUTES_A_MISTAKE: Final = 15.0
DAYS_A_MONTH: Final = 30.44


@dataclass(frozen=True)
class Assumptions:
    """What the hours saved rest on; the supervisor may set other ones."""

    minutes_a_ticket: float = MINUTES_A_TICKET
    minutes_a_mistake: float = MINUTES_A_MISTAKE


def report(
    rows: Sequence[Tried],
    *,
    older: int,
    target: float,
    seconds: float,
    source: str,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """All figures as values for JSON; shares are in [0, 1]. ``target`` is the share of wrong ones that is tolerated.

    The limits are found on the newer part itself with a proof that allows for the choice (Angelopoulos, Bates, Candès,
    Jordan and Lei 2021), so their bounds hold with 90 %.
    """
    targets = sorted({*TARGETS, target}, reverse=True)
    found = {one: _limit(rows, one) for one in targets}
    chosen = found[target]
    answered = [row for row in rows if _answered(row, chosen)]
    ready = [row for row in rows if row.ready]
    known = [Known(row.confidence if row.ready else 0.0, row.right) for row in rows]
    sure = [Known(row.confidence, row.right) for row in ready]
    points = [point for point in risk_coverage(known) if point.limit > 0.0]
    return {
        "source": source,
        "older": older,
        "newer": len(rows),
        "from": rows[0].at[:10] if rows else "",
        "to": rows[-1].at[:10] if rows else "",
        "span": span_words(rows),
        "sentence": sentence(rows, chosen, target),
        "target": target,
        "certainty": CERTAINTY,
        "targets": [_target(one, threshold) for one, threshold in found.items()],
        "answered": len(answered),
        "wrong": sum(not row.right for row in answered),
        "intents": _intents(rows, chosen),
        "reasons": Counter(row.reason for row in rows if not row.ready).most_common(),
        "mistakes": [
            {"reference": row.reference, "at": row.at[:10], "truth": row.truth, "intent": row.intent, "confidence": row.confidence, "text": row.text}
            for row in sorted(answered, key=lambda row: -row.confidence)
            if not row.right
        ][:WRONG_SHOWN],
        "bins": [asdict(one) for one in reliability(sure)],
        "points": [asdict(one) for one in points],
        "calibration_error": calibration_error(sure),
        "months": months(rows),
        "seconds": round(seconds, 1),
        "notes": list(notes),
    }  # fmt: skip


def _limit(rows: Sequence[Tried], target: float) -> Threshold:
    return find_threshold(
        [row.confidence if row.ready else 0.0 for row in rows],
        [row.right for row in rows],
        target_error=target,
        delta=1.0 - CERTAINTY,
        floor=0.01,
    )


def _answered(row: Tried, threshold: Threshold) -> bool:
    return row.ready and threshold.value is not None and row.confidence >= threshold.value


def _target(target: float, threshold: Threshold) -> dict[str, Any]:
    return {
        "target": target,
        "limit": threshold.value,
        "answered": threshold.answered,
        "coverage": threshold.coverage,
        "wrong": threshold.errors,
        "error": threshold.errors / threshold.answered if threshold.answered else None,
        "bound": threshold.bound if threshold.holds else None,
    }


def sentence(rows: Sequence[Tried], threshold: Threshold, target: float) -> str:
    """The first sentence of the report."""
    over = span_words(rows)
    if not threshold.holds:
        return (
            f"Of {over} we could not promise to answer any with at most {target * 100:g} % wrong: "
            f"{len(rows)} tickets are too few, or too many of the surest were wrong."
        )
    return (
        f"Of {over} we would have answered {threshold.coverage * 100:.1f} % with at most "
        f"{target * 100:g} % wrong."
    )


def span_words(rows: Sequence[Tried]) -> str:
    """“your last six months”: the newer part, in the largest whole unit; by number where it has no dates."""
    length = months(rows) * DAYS_A_MONTH
    if length < 2:
        return f"your last {len(rows):,} tickets"
    for unit, days in (("months", DAYS_A_MONTH), ("weeks", 7.0), ("days", 1.0)):
        if round(length / days) >= 2:
            return f"your last {_number(round(length / days))} {unit}"
    return f"your last {length:.0f} days"


def _number(value: int) -> str:
    words = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[value - 2] if 2 <= value <= 12 else str(value)


def months(rows: Sequence[Tried]) -> float:
    """How long the newer part lasted."""
    if not rows:
        return 0.0
    first, last = (datetime.fromisoformat(row.at) for row in (rows[0], rows[-1]))
    return (last - first).total_seconds() / 86_400 / DAYS_A_MONTH


def _intents(rows: Sequence[Tried], threshold: Threshold) -> list[dict[str, Any]]:
    """By the intent that people named; answered ones that belong to none of ours stand beside the intent given."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.truth or ""]["tickets"] += 1
        if _answered(row, threshold):
            counts[row.truth or ""]["answered"] += 1
            if not row.right:
                counts[row.truth or ""]["unanswered_rightly"] += 1
                counts[row.intent or ""]["given_wrongly"] += 1
    lines: list[dict[str, Any]] = [
        {"intent": slug, "tickets": own["tickets"], "answered": own["answered"], "wrong": own["unanswered_rightly"], "given_wrongly": own["given_wrongly"]}
        for slug, own in counts.items()
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line["tickets"], line["intent"]))[:INTENTS_SHOWN]


def saved(found: dict[str, Any], assumed: Assumptions) -> dict[str, Any]:
    """Hours saved: answers times the minutes of one, less mistakes times the minutes to mend one; in all and a month."""
    answers, wrong = found["answered"] - found["wrong"], found["wrong"]
    hours = (answers * assumed.minutes_a_ticket - wrong * assumed.minutes_a_mistake) / 60
    return {
        "answers": answers,
        "wrong": wrong,
        "hours": hours,
        "a_month": hours / found["months"] if found["months"] >= 0.1 else None,
        "minutes_a_ticket": assumed.minutes_a_ticket,
        "minutes_a_mistake": assumed.minutes_a_mistake,
    }
