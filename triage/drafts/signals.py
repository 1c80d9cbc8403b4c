"""What drafts add to the worker's rounds, and what they hear of."""

from __future__ import annotations

from tickets.audit import EventKind, subscribe
from tickets.background import jobs
from triage.drafts import (
    outcomes,
    privacy,  # noqa: F401  # its exporter and eraser register
    retention,
)

jobs.register_sweep(retention.forget_old)
jobs.register_sweep(retention.end_overdue)
subscribe(EventKind.REPLIED, outcomes.compare_with_reply)
