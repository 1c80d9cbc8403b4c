"""What is told to whom else when something is written, and what merging does to them."""

from __future__ import annotations

from tickets.audit import EventKind, subscribe
from tickets.following import (
    copies,
    followers,
    privacy,  # noqa: F401  # its exporter and eraser register
)

subscribe(EventKind.NOTED, followers.note_mentions)  # first: who is mentioned is told so, and not twice
for _kind in (EventKind.NOTED, EventKind.REPLIED):
    subscribe(_kind, followers.done_by_writing)
for _kind in followers.FOLLOWED:
    subscribe(_kind, followers.tell_followers)
for _kind in (EventKind.REPLIED, EventKind.AUTO_RESOLVED):
    subscribe(_kind, copies.send_copies)
subscribe(EventKind.MERGED, followers.go_along, copies.go_along)
subscribe(EventKind.UNMERGED, followers.come_back, copies.come_back)
