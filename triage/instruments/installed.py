"""How right this installation is on labelled texts: decided as new tickets, counted, nothing written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from triage.core.evaluation import Row
from triage.core.types import Example
from triage.running.dry_run import decide_new, split_subject

PROGRESS_EVERY = 500


@dataclass(frozen=True)
class Judged:
    """What became of each text, and the milliseconds it took."""

    rows: Sequence[Row]
    milliseconds: Sequence[float]

    def summary(self) -> dict[str, Any]:
        """The figures, ready for JSON; shares are in [0, 1], None where there is nothing to divide by."""
        answered = [row for row in self.rows if row.answered]
        wrong = [row for row in answered if not row.right]
        askings = [row for row in self.rows if row.truth is not None]
        others = [row for row in self.rows if row.truth is None]
        cuts = quantiles(self.milliseconds, n=100) if len(self.milliseconds) > 1 else [0.0] * 99
        return {
            "n_test": len(self.rows),
            "answered": len(answered),
            "coverage": _share(len(answered), len(self.rows)),
            "error": _share(len(wrong), len(answered)),
            "wrong_per_100_incoming": _share(100 * len(wrong), len(self.rows)),
            "askings": len(askings),
            "askings_answered_rightly": _share(
                sum(row.answered and row.right for row in askings), len(askings)
            ),
            "topic_right": _share(sum(row.right for row in askings), len(askings)),
            "for_a_person": len(others),
            "for_a_person_answered": _share(sum(row.answered for row in others), len(others)),
            "ms_p50": cuts[49],
            "ms_p99": cuts[98],
            "reasons": dict(Counter(row.reason for row in self.rows).most_common()),
        }


def judge(
    texts: Sequence[Example], *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Judged:
    """Decide each text as a new ticket with it would be decided here. An intent of None means: for a person."""
    rows, milliseconds = [], []
    for number, example in enumerate(texts, start=1):
        began = time.perf_counter()
        decision = decide_new(*split_subject(example.text)).decision
        milliseconds.append((time.perf_counter() - began) * 1000)
        rows.append(
            Row(
                text=example.text,
                truth=example.intent,
                intent=decision.assessment.intent,
                confidence=decision.assessment.confidence,
                action=decision.action.value,
                reason=decision.reason,
            )
        )
        if number % PROGRESS_EVERY == 0:
            progress(number, len(texts))
    return Judged(rows, milliseconds)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
