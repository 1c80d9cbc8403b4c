"""Geometry of the two curves that tell how far a confidence can be believed. Each is also shown as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from triage.instruments.charts import Mark
from triage.instruments.curves import Bin, Point

WIDTH: Final = 360
HEIGHT: Final = 260
LEFT: Final = 44
RIGHT: Final = 12
TOP: Final = 10
BASE: Final = HEIGHT - 40
STEPS: Final = 5
RISKS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # where the axis of risk may end


@dataclass(frozen=True)
class Dot:
    """A bin: where it lies, its limits above and below, and what it says."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True)
class Plot:
    """What the template draws: a line, dots with their limits, the diagonal where there is one."""

    label: str
    across: str
    upwards: str
    rows: Sequence[Mark]
    columns: Sequence[Mark]
    line: str = ""
    dots: Sequence[Dot] = ()
    diagonal: bool = False
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    base: int = BASE


def risk_plot(points: Sequence[Point]) -> Plot:
    """Risk over coverage; the axis of risk ends at the first round share above it."""
    most = max((point.risk for point in points), default=0.0)
    end = next(limit for limit in RISKS if limit >= min(most, 1.0))
    places = (f"{_x(point.coverage):.1f},{_y(point.risk / end):.1f}" for point in points)
    return Plot(
        label="Share wrong among the answered, over the share answered",
        across="answered",
        upwards="wrong",
        rows=_marks(end, upwards=True),
        columns=_marks(1.0),
        line=" ".join(places),
    )


def reliability_plot(bins: Sequence[Bin]) -> Plot:
    """How often it was right, over how sure it was; on the diagonal it is believed rightly."""
    return Plot(
        label="Share right, over how sure the machine was",
        across="sure",
        upwards="right",
        rows=_marks(1.0, upwards=True),
        columns=_marks(1.0),
        dots=[
            Dot(
                x=round(_x(one.confidence), 1),
                y=round(_y(one.right), 1),
                low=round(_y(one.low), 1),
                high=round(_y(one.high), 1),
                title=f"{one.confidence:.0%} sure, {one.right:.0%} right of {one.count}",
            )
            for one in bins
        ],
        diagonal=True,
    )


def _marks(end: float, *, upwards: bool = False) -> list[Mark]:
    shares = [at / STEPS for at in range(STEPS + 1)]
    digits = 1 if end < STEPS / 100 else 0
    return [
        Mark(round((_y if upwards else _x)(share), 1), f"{share * end * 100:.{digits}f} %")
        for share in shares
    ]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return BASE - share * (BASE - TOP)
