"""Whatever audio file a requester sends is transcribed, by whichever way it came: page, API or mail."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from tickets.channels.voice import work
from tickets.conversation import Attachment, Message

work.register()


@receiver(post_save, sender=Attachment)
def transcribe_recording(instance: Attachment, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if not created or raw or not work.is_on() or not instance.is_audio:
        return
    if instance.message is None or instance.message.sender == Message.Sender.REQUESTER:
        work.begin(instance)
