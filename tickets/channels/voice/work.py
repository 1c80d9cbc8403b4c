"""Transcribing as work to do: the job of a recording, and the sweep of those that are kept no longer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tickets.background import jobs
from tickets.background.lanes import LANES, MAIN, Lane
from tickets.channels.voice import hearing
from tickets.channels.voice.models import Recording
from tickets.conversation import Attachment
from tickets.intake import pictures, uploads

logger = logging.getLogger(__name__)

KIND: Final = "voice"
LANE: Final = "voice"  # somebody waits for the text: no training may stand before it
TOLD_EVERY: Final = 1.0  # seconds between two rows that say how far it is


def is_on() -> bool:
    return settings.VOICE_MODEL is not None


def register() -> None:
    """The lane is there where it has work: a house without a model pays nothing for it."""
    if is_on():
        LANES.setdefault(LANE, Lane(LANE))
    jobs.register(KIND, perform, lane=LANE if is_on() else MAIN, long=True)
    jobs.register_sweep(forget_old)


def begin(attachment: Attachment) -> Recording:
    """Have an audio file transcribed, in the transaction that keeps it."""
    recording = Recording.objects.create(attachment=attachment)
    jobs.enqueue(KIND, recording.pk, key=str(recording.pk))
    return recording


def perform(recording_id: int) -> None:
    """The job. Safe to run twice: what was understood stays, what broke off is heard anew."""
    recording = Recording.objects.select_related("attachment").filter(pk=recording_id).first()
    if recording is None or recording.is_over:
        return  # thrown away before it was sent, or done
    if settings.VOICE_MODEL is None:
        recording.not_understood("off")
        return
    recording.begin()
    try:
        with recording.attachment.file.open("rb") as file:
            found = hearing.hear(
                file.file, settings.VOICE_MODEL, threads=settings.VOICE_THREADS, tell=_teller(recording)
            )
    except hearing.Unheard as error:
        logger.info("Recording %s was not understood: %s", recording.pk, error)
        recording.not_understood(str(error))
    except FileNotFoundError:
        recording.not_understood("gone")
    else:
        if Recording.objects.filter(pk=recording.pk).exists():  # it may have been thrown away meanwhile
            recording.understood(found)


def _teller(recording: Recording) -> Callable[[float, float], None]:
    last = 0.0

    def tell(heard: float, duration: float) -> None:
        nonlocal last
        if not heard or time.monotonic() - last >= TOLD_EVERY:
            last = time.monotonic()
            recording.tell(heard, duration)

    return tell


def forget_old() -> None:
    """Recordings go after VOICE_KEEP_DAYS; what was said stays in the message, as it was sent."""
    if not settings.VOICE_KEEP_DAYS:
        return
    before = timezone.now() - timedelta(days=settings.VOICE_KEEP_DAYS)
    old = Attachment.objects.filter(recording__created_at__lt=before, message__isnull=False)
    for file in old[: uploads.SWEPT_AT_ONCE]:
        with transaction.atomic():
            file.delete()
            transaction.on_commit(partial(pictures.delete_files, file))
