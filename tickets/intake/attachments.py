"""What files are taken. They are kept under random names and only ever served as downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from accounts.limits.spending import spend
from accounts.models import User
from tickets.errors import AttachmentRefused
from tickets.intake import quota
from tickets.models import Attachment, Message, attachment_path

# Extension -> the type it is served as, and the bytes it must begin with (empty: text, checked for NUL).
ALLOWED_TYPES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    ".webp": ("image/webp", (b"RIFF",)),
    ".pdf": ("application/pdf", (b"%PDF-",)),
    ".txt": ("text/plain", ()),
    ".log": ("text/plain", ()),
    ".csv": ("text/csv", ()),
    ".zip": ("application/zip", (b"PK\x03\x04", b"PK\x05\x06")),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    ".odt": ("application/vnd.oasis.opendocument.text", (b"PK\x03\x04",)),
    ".ods": ("application/vnd.oasis.opendocument.spreadsheet", (b"PK\x03\x04",)),
}
ACCEPT = ",".join(ALLOWED_TYPES)  # for the file field's ``accept``


def largest_mb() -> int:
    return int(settings.ATTACHMENT_MAX_BYTES) // (1024 * 1024)


def hint() -> str:
    """What is taken, for people."""
    return f"Up to {settings.ATTACHMENTS_PER_MESSAGE} pictures, documents or logs, {largest_mb()} MB each."


def check(file: UploadedFile) -> str:
    """The content type to keep for ``file``; AttachmentRefused with the reason if it is not taken."""
    name = file.name or "file"
    kind = ALLOWED_TYPES.get(PurePath(name).suffix.lower())
    if kind is None:
        raise AttachmentRefused(
            f"{name}: files of this type are not taken. Taken are: {', '.join(ALLOWED_TYPES)}."
        )
    size = file.size or 0
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise AttachmentRefused(
            f"{name} is larger than {largest_mb()} MB. Send a smaller file or a link to it."
        )
    if size == 0:
        raise AttachmentRefused(f"{name} is empty.")
    content_type, beginnings = kind
    head = file.read(4096)
    file.seek(0)
    genuine = head.startswith(beginnings) if beginnings else b"\0" not in head
    if not genuine:
        raise AttachmentRefused(f"{name} is not what its name says. Save it again in its own format.")
    return content_type


def check_all(files: Sequence[UploadedFile]) -> None:
    """Refuse the files of one message unless all are taken: the one rule of form, API and desk."""
    if len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        raise AttachmentRefused(f"At most {settings.ATTACHMENTS_PER_MESSAGE} files go with one message.")
    for file in files:
        check(file)


def pay_for_files(request: HttpRequest, files: Sequence[UploadedFile], *, person: User | None = None) -> None:
    """Count the bytes of ``files`` against the sender's limit, and see that there is room for them.

    LimitReached where the sender sent too much lately, AttachmentRefused where the house's disk is full.
    """
    size = sum(file.size or 0 for file in files)
    if size:
        quota.see_room_for(size)
        spend(request, "upload", cost=size, person=person)


def attach(message: Message, files: Sequence[UploadedFile]) -> list[Attachment]:
    """Keep ``files`` with ``message``. All or none: run it in the message's transaction."""
    check_all(files)
    kept = [_described(message, file) for file in files]
    try:
        for attachment in kept:
            attachment.save()
    except Exception:
        # The rows go with the transaction, what is on the disk already does not.
        for attachment in kept:
            attachment.file.storage.delete(attachment_path(attachment, attachment.name))
        raise
    return kept


def _described(message: Message, file: UploadedFile) -> Attachment:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return Attachment(
        message=message,
        file=file,
        name=display_name(file.name or "file"),
        content_type=check(file),
        size=file.size or 0,
        sha256=digest.hexdigest(),
    )


def display_name(name: str) -> str:
    """The sender's file name without folders and control characters, short enough for a header."""
    plain = "".join(letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable())
    stem, suffix = PurePath(plain).stem, PurePath(plain).suffix
    return f"{stem[:100]}{suffix}" or "file"
