"""The tables of oversight; each stands beside what is done with it."""

from __future__ import annotations

from triage.oversight.drift import Baseline, DriftWarning
from triage.oversight.evidence import Audit, Trial
from triage.oversight.incoming import Incoming
from triage.oversight.ladder import Override, Standing
from triage.oversight.recall import Recall, RecallItem
from triage.oversight.switch import Stop
from triage.oversight.versions import PolicyContent, PolicyNote, PolicyVersion
from triage.oversight.watch import Latch, Watched

__all__ = [
    "Audit", "Baseline", "DriftWarning", "Incoming", "Latch", "Override", "PolicyContent", "PolicyNote", "PolicyVersion",
    "Recall", "RecallItem", "Standing", "Stop", "Trial", "Watched",
]  # fmt: skip
