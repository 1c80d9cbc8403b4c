"""Whether the house is closed for maintenance: a file under VAR_DIR, so that it holds while the database is away.

Each machine has its own. Where the file is there and cannot be read, the house is closed all the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

FILE: Final = "maintenance.json"
RETRY_SECONDS: Final = 300  # told to programs where no end is announced, or the announced one has passed
LEAST_RETRY_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Since when, until when as announced, and whether log-in and the admin stay open meanwhile."""

    since: datetime | None = None
    until: datetime | None = None
    desk_open: bool = False

    @property
    def announced(self) -> datetime | None:
        """The announced end, while it is still to come."""
        return self.until if self.until and self.until > timezone.now() else None

    @property
    def retry_after(self) -> int:
        """Seconds until another try is worth it."""
        if self.announced is None:
            return RETRY_SECONDS
        return max(LEAST_RETRY_SECONDS, round((self.announced - timezone.now()).total_seconds()))


def path() -> Path:
    return Path(settings.VAR_DIR) / FILE


def state() -> Maintenance | None:
    """None while the house is open. Asks the disk, never the database."""
    try:
        written = json.loads(path().read_text(encoding="utf-8"))
        moments = {
            name: datetime.fromisoformat(written[name]) for name in ("since", "until") if written[name]
        }
        return Maintenance(**moments, desk_open=written["desk_open"] is True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return Maintenance()


def begin(until: datetime | None, *, desk_open: bool) -> Maintenance:
    """Close the house, or announce another end; it stays closed since when it was."""
    earlier = state()
    since = (earlier and earlier.since) or timezone.now()
    now = Maintenance(since, until, desk_open)
    facts = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(now).items()
    }
    fresh = path().with_suffix(".new")
    fresh.write_text(json.dumps(facts), encoding="utf-8")
    if os.geteuid() == 0:  # the web process must be able to read what root has written
        owner = fresh.parent.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(path())
    return now


def end() -> bool:
    """Open the house. False where it was open."""
    try:
        path().unlink()
    except FileNotFoundError:
        return False
    return True
