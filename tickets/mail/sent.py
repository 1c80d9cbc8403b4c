"""What became of the mail that carried a message to its requester, as far as mail servers have told us."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone


class SentMail(models.Model):
    """The mail of one message. It holds no address: that is the ticket's."""

    class State(models.TextChoices):
        WAITING = "waiting", "Mail is on its way out"
        SENT = "sent", "Mailed"
        DELAYED = "delayed", "Mail is delayed"
        DELIVERED = "delivered", "Mail delivered"
        FAILED = "failed", "Mail did not arrive"
        UNWANTED = "unwanted", "Reported as unwanted"

    message = models.OneToOneField("tickets.Message", models.CASCADE, related_name="sent_mail")
    internet_id = models.CharField(max_length=120, unique=True, help_text="Its Message-ID, without brackets.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    code = models.CharField(max_length=12, blank=True, help_text="The mail server's, for example 5.1.1.")
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.get_state_display()}: message {self.message_id}"


State = SentMail.State
#: What is known later in the way of a mail; news of an earlier step that come late change nothing.
ORDER: Final = (State.WAITING, State.SENT, State.DELAYED, State.DELIVERED, State.FAILED, State.UNWANTED)


def begin(message_pk: int, internet_id: str) -> None:
    """Note that this mail carries the message."""
    row = SentMail(message_id=message_pk, internet_id=internet_id.strip("<>"))
    changed = ["internet_id", "state", "code", "changed_at"]
    SentMail.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["message"], update_fields=changed
    )


def note(internet_id: str, state: State, code: str = "") -> None:
    """A mail server's word on a mail; nothing where it carried no message, or where more is known already."""
    before = ORDER[: ORDER.index(state)]
    SentMail.objects.filter(internet_id=internet_id.strip("<>"), state__in=before).update(
        state=state, code=code[:12], changed_at=timezone.now()
    )
