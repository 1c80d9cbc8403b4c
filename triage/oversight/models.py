"""The tables of oversight; each stands beside what is done with it."""

from __future__ import annotations

from triage.oversight.switch import Stop

__all__ = ["Stop"]
