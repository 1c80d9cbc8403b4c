"""The parts of a comparison of two models, read from what a comparison has left; without any model."""

from __future__ import annotations

from typing import Any


def worse_parts(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts in which the challenger is right less often, or wrong more often."""
    return [line for line in comparison.get("lines", ()) if line["worse"]]
