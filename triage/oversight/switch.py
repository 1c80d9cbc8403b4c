"""One stop for all automatic answers, in every process. The modes of the intents are not touched by it.

A row, read in the transaction that would send an answer: there is no cache that could be late. Whoever cannot read
it sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from triage.oversight import versions
from triage.versions import PolicyRevision

if TYPE_CHECKING:
    from accounts.models import User


class Stop(models.Model):
    """The switch: one row. ``by`` is empty where the command line or the machine itself has stopped it."""

    stopped = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    why = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return "Stopped" if self.stopped else "Running"


def state() -> Stop:
    """Who has stopped or resumed last, when and why; running where nobody ever did."""
    return Stop.objects.select_related("by").filter(pk=1).first() or Stop(pk=1)


def is_stopped() -> bool:
    return bool(Stop.objects.filter(pk=1, stopped=True).exists())


@transaction.atomic
def set_stopped(stopped: bool, *, by: User | None, why: str = "") -> bool:
    """Stop all automatic answers, or let the intents answer in their modes again. Whether that changed anything."""
    Stop.objects.get_or_create(pk=1)
    row = Stop.objects.select_for_update().get(pk=1)
    if row.stopped is stopped:
        return False
    row.stopped, row.by, row.at, row.why = stopped, by, timezone.now(), why[:200]
    row.save()
    versions.note_event("stop" if stopped else "resume", by=by, why=why)
    PolicyRevision.bump()  # what is being judged in this moment is judged again
    return True
