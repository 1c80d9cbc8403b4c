"""What files are taken. They are kept under random names and served as downloads; pictures may be looked at in place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.limits.spending import spend
from accounts.models import User
from tickets.errors import AttachmentRefused
from tickets.intake import quota
from tickets.models import Attachment, Message, attachment_path


@dataclass(frozen=True, slots=True)
class FileType:
    """How a type is served, and the bytes that its files have at ``offset``; none: text, checked for NUL."""

    content_type: str
    marks: tuple[bytes, ...] = ()
    offset: int = 0

    def fits(self, head: bytes) -> bool:
        if not self.marks:
            return b"\0" not in head
        return any(head.startswith(mark, self.offset) for mark in self.marks)


_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIP = b"PK\x03\x04"
_JPEG = FileType("image/jpeg", (b"\xff\xd8\xff",))
_HEIC = FileType(
    "image/heic", tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heif", b"mif1", b"msf1")), 4
)
#: By extension. Archives are kept as they are and never opened.
ALLOWED_TYPES: Final[dict[str, FileType]] = {
    ".png": FileType("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".gif": FileType("image/gif", (b"GIF87a", b"GIF89a")),
    ".webp": FileType("image/webp", (b"WEBP",), 8),
    ".heic": _HEIC,
    ".heif": _HEIC,
    ".mp4": FileType("video/mp4", (b"ftyp",), 4),
    ".mov": FileType("video/quicktime", (b"ftypqt", b"moov", b"mdat", b"free", b"wide"), 4),
    ".pdf": FileType("application/pdf", (b"%PDF-",)),
    ".txt": FileType("text/plain"),
    ".log": FileType("text/plain"),
    ".csv": FileType("text/csv"),
    ".eml": FileType("message/rfc822"),
    ".ics": FileType("text/calendar"),
    ".vcf": FileType("text/vcard"),
    ".zip": FileType("application/zip", (_ZIP, b"PK\x05\x06")),
    ".docx": FileType(f"{_OFFICE}.wordprocessingml.document", (_ZIP,)),
    ".xlsx": FileType(f"{_OFFICE}.spreadsheetml.sheet", (_ZIP,)),
    ".pptx": FileType(f"{_OFFICE}.presentationml.presentation", (_ZIP,)),
    ".odt": FileType("application/vnd.oasis.opendocument.text", (_ZIP,)),
    ".ods": FileType("application/vnd.oasis.opendocument.spreadsheet", (_ZIP,)),
}
_OGG = FileType("audio/ogg", (b"OggS",))
#: Taken as well where recordings are transcribed.
AUDIO_TYPES: Final[dict[str, FileType]] = {
    ".webm": FileType("audio/webm", (b"\x1aE\xdf\xa3",)),
    ".ogg": _OGG,
    ".oga": _OGG,
    ".opus": _OGG,
    ".m4a": FileType("audio/mp4", (b"ftyp",), 4),
    ".mp3": FileType("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    ".wav": FileType("audio/wav", (b"WAVE",), 8),
    ".flac": FileType("audio/flac", (b"fLaC",)),
    ".amr": FileType("audio/amr", (b"#!AMR",)),
}
AUDIO_MAX_BYTES: Final = 20 * 1024 * 1024
HEAD_BYTES: Final = 4096


def types_taken() -> dict[str, FileType]:
    return ALLOWED_TYPES | AUDIO_TYPES if settings.VOICE_MODEL else ALLOWED_TYPES


def accept() -> str:
    """For the file field's ``accept``."""
    return ",".join(types_taken())


def is_audio(file: UploadedFile) -> bool:
    return PurePath(file.name or "").suffix.lower() in AUDIO_TYPES


def largest_mb(*, audio: bool = False) -> int:
    return _most_bytes(audio) // (1024 * 1024)


def _most_bytes(audio: bool) -> int:
    most = int(settings.ATTACHMENT_MAX_BYTES)
    return min(most, AUDIO_MAX_BYTES) if audio else most


def hint() -> str:
    """What is taken, for people."""
    return _("Pictures, videos, documents or logs: up to %(count)d files, %(size)d MB each.") % {
        "count": settings.ATTACHMENTS_PER_MESSAGE,
        "size": largest_mb(),
    }


def check(file: UploadedFile) -> str:
    """The content type to keep for ``file``; AttachmentRefused with the reason if it is not taken."""
    name = file.name or "file"
    kind = types_taken().get(PurePath(name).suffix.lower())
    if kind is None:
        taken = ", ".join(suffix[1:].upper() for suffix in types_taken())
        raise AttachmentRefused(
            _("%(name)s: we can’t take files of this type. We take %(types)s.")
            % {"name": name, "types": taken}
        )
    size = file.size or 0
    audio = is_audio(file)
    if size > _most_bytes(audio):
        raise AttachmentRefused(
            _("%(name)s is larger than %(size)d MB. Send a smaller file or a link to it.")
            % {"name": name, "size": largest_mb(audio=audio)}
        )
    if size == 0:
        raise AttachmentRefused(_("%(name)s is empty.") % {"name": name})
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not kind.fits(head):
        suffix = PurePath(name).suffix[1:].upper()
        raise AttachmentRefused(
            _("%(name)s doesn’t look like a %(type)s file. Save it again in its own format.")
            % {"name": name, "type": suffix}
        )
    return kind.content_type


def too_many() -> AttachmentRefused:
    return AttachmentRefused(
        _("You can send up to %(count)d files with one message.")
        % {"count": settings.ATTACHMENTS_PER_MESSAGE}
    )


def check_all(files: Sequence[UploadedFile]) -> None:
    """Refuse the files of one message unless all are taken: the one rule of form, API and desk."""
    if len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        raise too_many()
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
    recordings = sum(map(is_audio, files)) if settings.VOICE_MODEL else 0
    if recordings:
        spend(request, "voice", cost=recordings, person=person)


def attach(message: Message, files: Sequence[UploadedFile]) -> list[Attachment]:
    """Keep ``files`` with ``message``. All or none: run it in the message's transaction."""
    check_all(files)
    kept = [described(message, file) for file in files]
    try:
        for attachment in kept:
            attachment.save()
    except Exception:
        # The rows go with the transaction, what is on the disk already does not.
        for attachment in kept:
            attachment.file.storage.delete(attachment_path(attachment, attachment.name))
        raise
    return kept


def attach_uploaded(message: Message, uploaded: Sequence[Attachment]) -> None:
    """Send files that came ahead with ``message``; what was sent or thrown away meanwhile is left out."""
    if len(uploaded) > settings.ATTACHMENTS_PER_MESSAGE:
        raise too_many()
    if uploaded:
        waiting = Attachment.objects.filter(pk__in=[file.pk for file in uploaded], message=None)
        waiting.update(message=message, holder="")


def described(message: Message | None, file: UploadedFile) -> Attachment:
    """The row of ``file``, not saved yet; AttachmentRefused if it is not taken."""
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
