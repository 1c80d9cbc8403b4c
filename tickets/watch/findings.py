"""What is looked at to tell whether the house is well: one list of checks, shown to staff, programs and operators.

Each app adds its own by ``register``. A check is cheap: it is made whenever somebody asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tickets.background.faults import describe

logger = logging.getLogger(__name__)


class Level(IntEnum):
    """How bad it is; also the exit code of ``manage.py doctor``."""

    OK = 0
    WARNING = 1
    ALARM = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: in words for staff, and what to do about it where it is not well."""

    name: str
    level: Level
    words: str
    advice: str = ""


#: A check returns what it found; it may raise, which is an alarm of its own.
Check = Callable[[], Finding]
CHECKS: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    CHECKS[name] = check


def look(*names: str) -> list[Finding]:
    """Make these checks, or all; the worst first."""
    made = [_make(name, CHECKS[name]) for name in (names or CHECKS)]
    return sorted(made, key=lambda finding: -finding.level)


def _make(name: str, check: Check) -> Finding:
    try:
        return check()
    except Exception as error:
        # Whatever keeps a check from being made must show as an alarm, never as silence.
        logger.exception("The check %s could not be made", name)
        return Finding(name, Level.ALARM, f"Could not be checked: {describe(error)}.", "Look at the log.")


def worst(findings: list[Finding]) -> Level:
    return max((finding.level for finding in findings), default=Level.OK)


def graded(value: float, warning: float, alarm: float) -> Level:
    """The level of something that is worse the larger it is."""
    if value >= alarm:
        return Level.ALARM
    return Level.WARNING if value >= warning else Level.OK


def in_words(seconds: float) -> str:
    """A span as people say it: 40 seconds, 12 minutes, 26 hours, 3 days."""
    for size, unit in ((172_800, "day"), (7200, "hour"), (120, "minute")):
        if seconds >= size:
            number = int(seconds // {"day": 86_400, "hour": 3600, "minute": 60}[unit])
            return f"{number} {unit}s"
    return f"{int(seconds)} seconds"
