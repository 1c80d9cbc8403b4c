"""Files that are uploaded one by one while a message is still being written.

Each waits, without a message, for whoever holds the key of the browser's session; it is sent with the message or thrown
away after a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.errors import AttachmentRefused
from tickets.intake import attachments, pictures
from tickets.models import Attachment

WAITING_AT_MOST: Final = 40  # of one holder
KEPT_FOR: Final = timedelta(days=1)
SWEPT_AT_ONCE: Final = 200


def waiting(holder: str, tokens: Iterable[str] | None = None) -> QuerySet[Attachment]:
    """The files that ``holder`` has not sent yet; of ``tokens`` only, if they are given."""
    held = Attachment.objects.filter(message=None, holder=holder) if holder else Attachment.objects.none()
    if tokens is None:
        return held
    return held.filter(token__in=[token for token in tokens if _is_uuid(token)])


def keep(file: UploadedFile, holder: str) -> Attachment:
    """Keep one file for ``holder``. AttachmentRefused says why it is not taken."""
    if waiting(holder).count() >= WAITING_AT_MOST:
        raise AttachmentRefused(_("You have many files here already. Send or remove some of them first."))
    row = attachments.described(None, file)
    row.holder = holder
    row.save()
    pictures.make_thumbnail(row)
    return row


def discard(files: Iterable[Attachment]) -> None:
    """Throw files away that no message has; their bytes go once the rows are gone."""
    for file in files:
        with transaction.atomic():
            gone, _by_model = Attachment.objects.filter(pk=file.pk, message=None).delete()
            if gone:
                transaction.on_commit(lambda kept=file: pictures.delete_files(kept))  # type: ignore[misc]


def discard_stale() -> None:
    """Throw away what nobody sent within a day."""
    old = Attachment.objects.filter(message=None, created_at__lt=timezone.now() - KEPT_FOR)
    discard(list(old[:SWEPT_AT_ONCE]))


def _is_uuid(token: str) -> bool:
    try:
        UUID(token)
    except ValueError:
        return False
    return True
