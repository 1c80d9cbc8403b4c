"""Draws the two curves of a classifier that may decline to answer, as plain SVG."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from triage.core.evaluation import risk_coverage
from triage.core.learning.calibration import reliability

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 380, 62, 52, 44, 20
Points = list[tuple[float, float]]


def risk_coverage_picture(
    title: str, confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> str:
    """Draw the share of wrong answers against the share of tickets answered."""
    coverage, risk = risk_coverage(confidence, right)
    thinned = np.unique(np.linspace(0, len(coverage) - 1, 400).astype(int))
    top = max(0.05, float(np.ceil(risk.max() * 20) / 20))
    chart = _Chart(f"Risk and coverage: {title}", "share answered", "share wrong among the answered", top)
    chart.line([(float(coverage[i]), float(risk[i])) for i in thinned], "#1f5fa8")
    answered = float((confidence >= 0.75).mean())
    if answered:
        at = (answered, float((~right[confidence >= 0.75]).mean()))
        chart.dot(at, f"0.75: {at[0]:.0%} answered, {at[1]:.1%} wrong")
    return chart.svg()


def reliability_picture(title: str, confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> str:
    """Draw how often the model was right against how sure it was; the diagonal is honesty."""
    chart = _Chart(f"Reliability: {title}", "confidence", "share right", 1.0)
    chart.line([(0.0, 0.0), (1.0, 1.0)], "#999", dashed=True)
    bins = reliability(confidence, right)
    for one in bins:
        chart.bar(one.low, one.high, one.accuracy, 0.25 + 0.75 * one.count / max(b.count for b in bins))
    chart.line([(one.confidence, one.accuracy) for one in bins], "#1f5fa8")
    return chart.svg()


class _Chart:
    def __init__(self, title: str, across: str, up: str, top: float) -> None:
        self.top = top
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="system-ui, sans-serif" font-size="13" fill="#222">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{across}</text>',
            f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
            f'text-anchor="middle">{up}</text>',
        ]
        for step in range(6):
            self._grid(step / 5)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return round(LEFT + x * wide, 1), round(HEIGHT - BOTTOM - y / self.top * high, 1)

    def _grid(self, share: float) -> None:
        x, y = self._place(share, share * self.top)
        x0, y0 = self._place(0, 0)
        x1, y1 = self._place(1, self.top)
        self.parts += [
            f'<path d="M{x} {y0}V{y1}M{x0} {y}H{x1}" stroke="#e3e3e3" fill="none"/>',
            f'<text x="{x}" y="{y0 + 18}" text-anchor="middle">{share:.0%}</text>',
            f'<text x="{x0 - 8}" y="{y + 4}" text-anchor="end">{share * self.top:.3g}</text>',
        ]

    def line(self, points: Points, colour: str, *, dashed: bool = False) -> None:
        path = " ".join("{},{}".format(*self._place(x, y)) for x, y in points)
        dashes = ' stroke-dasharray="5 5"' if dashed else ""
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
        )

    def bar(self, low: float, high: float, value: float, weight: float) -> None:
        (x0, y1), (x1, y0) = self._place(low, value), self._place(high, 0)
        self.parts.append(
            f'<rect x="{x0}" y="{y1}" width="{x1 - x0 - 2:.1f}" height="{y0 - y1:.1f}" '
            f'fill="#1f5fa8" fill-opacity="{weight * 0.45:.2f}"/>'
        )

    def dot(self, at: tuple[float, float], label: str) -> None:
        x, y = self._place(*at)
        self.parts += [
            f'<circle cx="{x}" cy="{y}" r="5" fill="#b3261e"/>',
            f'<text x="{x - 10}" y="{y - 10}" text-anchor="end">{escape(label)}</text>',
        ]

    def svg(self) -> str:
        return "\n".join([*self.parts, "</svg>\n"])
