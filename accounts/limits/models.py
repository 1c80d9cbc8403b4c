"""What has been spent of each limit."""

from __future__ import annotations

from django.db import models


class Allowance(models.Model):
    """One limit of one client, person or mailbox: until when it is used up, in microseconds since 1970.

    Rows are only ever changed by the one statement in ``accounts.limits.spending``. The key names the limit; whose it
    is stands in it as a keyed hash, so that the table tells no addresses.
    """

    key = models.CharField(max_length=80, primary_key=True)
    used_until = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["used_until"], name="allowance_used_until")]

    def __str__(self) -> str:
        return self.key
