"""Where a ticket can stand, how it came in and how it ended."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Status(models.TextChoices):
    OPEN = "open", "Open"
    AUTO_RESOLVED = "auto_resolved", "Answered automatically"
    ESCALATED = "escalated", "With our team"
    PENDING = "pending", "Waiting for you"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"

    @property
    def is_active(self) -> bool:
        """Somebody still has something to do."""
        return self in {Status.OPEN, Status.ESCALATED, Status.PENDING}


class Channel(models.TextChoices):
    WEB = "web", "Web form"
    API = "api", "API"
    IMPORT = "import", "Import"
    EMAIL = "email", "Mail"


class Closure(models.TextChoices):
    """How a ticket came to be closed: the three parts in which resolution is reported, agents' own, and merged ones."""

    CONFIRMED = "confirmed", "Confirmed by the requester"
    SILENCE = "silence", "Assumed: no answer"
    AGENT = "agent", "Closed by an agent"
    MERGED = "merged", "Merged into another ticket"


class Urgency(models.IntegerChoices):
    """How soon the team must look at it; the queue begins with the highest."""

    NORMAL = 0, "Normal"
    HIGH = 1, "High"
    URGENT = 2, "Urgent"


class Handover(StrEnum):
    """How a ticket is handed to the team. The Event of an escalation carries all but the normal way as ``step``."""

    NORMAL = ""
    URGENT = "urgent"  # on top of the queue, and every agent is told
    QUARANTINE = "quarantine"  # put aside, and nobody is told
    SILENT = "silent"  # into the queue, but the requester is not told
