"""Room for what people attach: a quota of the house, and a disk that is never filled to the brim."""

from __future__ import annotations

import shutil

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum

from tickets.errors import AttachmentRefused
from tickets.models import Attachment

KEY = "attachments:bytes"
COUNTED_SECONDS = 30  # so long the sum is taken for true: adding up a million rows takes a moment
FULL = "We cannot take files at the moment. Send your message without them, and tell us that you have some."


class NoRoom(AttachmentRefused):
    """The house has no room for more files; nothing is wrong with these."""

    code = "no_room"


def see_room_for(size: int) -> None:
    """NoRoom unless ``size`` bytes fit into UPLOAD_QUOTA_GB and leave UPLOAD_KEEP_FREE_MB of the disk free."""
    see_disk_for(size)
    if settings.UPLOAD_QUOTA_BYTES and bytes_kept() + size > settings.UPLOAD_QUOTA_BYTES:
        raise NoRoom(FULL)


def see_disk_for(size: int) -> None:
    """NoRoom unless ``size`` bytes leave UPLOAD_KEEP_FREE_MB of the disk free."""
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(settings.MEDIA_ROOT).free - size < settings.UPLOAD_KEEP_FREE_BYTES:
        raise NoRoom(FULL)


def bytes_kept() -> int:
    known = cache.get(KEY)
    if known is None:
        known = Attachment.objects.aggregate(sum=Sum("size"))["sum"] or 0
        cache.set(KEY, known, COUNTED_SECONDS)
    return int(known)
