"""What the gates kept with a decision, in words for staff. The desk and the simulator show the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.core.types import Stance
from triage.desk.wording import reason_text


@dataclass(frozen=True)
class StanceShown:
    """What the writer does with the topic, the words that told, and the taught text most like it."""

    words: str
    terms: Sequence[str]
    nearest: str


def stance_shown(facts: Mapping[str, Any]) -> StanceShown | None:
    """From a decision's kept facts; None for a plain asking, and for decisions of before there were stances."""
    found = facts.get("stance")
    if not found:
        return None
    gate = "several_questions" if found["kind"] == Stance.TWO_WISHES else found["kind"]
    topic = found["topic"].replace("_", " ")
    return StanceShown(
        words=f"{reason_text(gate)}: {topic}" if topic else reason_text(gate),
        terms=[text for text, weight in found["terms"] if weight > 0],
        nearest=found["nearest"],
    )


def asked(facts: Mapping[str, Any]) -> list[str]:
    """The separate things that were asked, where they stopped the answer and were kept."""
    return list(facts.get("asked") or [])
