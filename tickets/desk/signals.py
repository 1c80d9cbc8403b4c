"""What the desk does when something happens on a ticket, and the jobs and sweeps that it brings."""

from __future__ import annotations

from tickets.audit import EventKind, register_kinds, subscribe
from tickets.background import jobs
from tickets.desk import drafts, held, presence, rounds, snoozing

register_kinds({snoozing.SNOOZED: "Snoozed", snoozing.WOKEN: "Snooze ended"})

subscribe(EventKind.REPLIED, snoozing.wake_when_requester_writes, rounds.offer_again_when_requester_writes)
for _kind in (
    EventKind.RESOLVED,
    EventKind.CLOSED,
    EventKind.ASSIGNED,
    EventKind.QUARANTINED,
    EventKind.MERGED,
):
    subscribe(_kind, snoozing.wake_when_moved)

jobs.register(held.KIND, held.deliver)
for _sweep in (
    drafts.forget_empty_drafts, held.forget_old, presence.forget_old, snoozing.forget_old, rounds.forget_old,
):  # fmt: skip
    jobs.register_sweep(_sweep)
