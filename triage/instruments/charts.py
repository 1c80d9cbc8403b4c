"""Geometry of the bar chart that the server draws as SVG. Every chart is also shown as a table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from triage.instruments.metrics import Day

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 24
LABELS = 7
STEPS = 4


@dataclass(frozen=True)
class Bar:
    """One day: the escalated part stands on the axis, the automatic one on top of it."""

    date: date
    x: float
    width: float
    escalated_y: float
    escalated_height: float
    auto_y: float
    auto_height: float
    title: str


@dataclass(frozen=True)
class Mark:
    """A label with its place on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class VolumeChart:
    bars: Sequence[Bar]
    rows: Sequence[Mark]
    columns: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


def volume_chart(days: Sequence[Day]) -> VolumeChart:
    """Stacked bars, one a day."""
    marks = axis_marks(max((day.auto_resolved + day.escalated for day in days), default=0))
    unit = (HEIGHT - TOP - BOTTOM) / marks[-1]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(days))
    every = math.ceil(len(days) / LABELS)
    base = HEIGHT - BOTTOM
    return VolumeChart(
        bars=[_bar(day, LEFT + at * step, step, unit) for at, day in enumerate(days)],
        rows=[Mark(round(base - value * unit, 1), str(value)) for value in marks],
        columns=[
            Mark(round(LEFT + (at + 0.5) * step, 1), f"{day.date.day} {day.date:%b}")
            for at, day in enumerate(days)
            if (len(days) - 1 - at) % every == 0
        ],
    )


def _bar(day: Day, x: float, step: float, unit: float) -> Bar:
    gap = min(4.0, step * 0.25)
    escalated, auto = day.escalated * unit, day.auto_resolved * unit
    base = HEIGHT - BOTTOM
    return Bar(
        date=day.date,
        x=round(x + gap / 2, 2),
        width=round(step - gap, 2),
        escalated_y=round(base - escalated, 2),
        escalated_height=round(escalated, 2),
        auto_y=round(base - escalated - auto, 2),
        auto_height=round(auto, 2),
        title=f"{day.date:%a} {day.date.day} {day.date:%b}: {day.auto_resolved} automatic, {day.escalated} to people",
    )


def axis_marks(largest: int) -> list[int]:
    """Where the lines of an axis lie that holds ``largest``: at most four steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = next(step for step in _round_steps() if step * STEPS >= largest)
    return [step * at for at in range(max(1, math.ceil(largest / step)) + 1)]


def _round_steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 25, 50, 100, …: whole numbers, as tickets are."""
    for magnitude in (10**power for power in itertools.count()):
        yield from (step * magnitude // 10 for step in (10, 20, 25, 50) if step * magnitude % 10 == 0)
