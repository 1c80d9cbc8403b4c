"""Files: as they come with a form or one by one while it is being written, and as they are served again.

What is served is never sniffed, never cached by others, and never a page of ours.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.spending import LimitReached
from tickets.access import in_browser, visible_attachment
from tickets.errors import AttachmentRefused
from tickets.intake import attachments, pictures, uploads
from tickets.models import Attachment
from tickets.web.held import login_if_unknown

SESSION_KEY: Final = "holder"


@dataclass(frozen=True)
class Taken:
    """What came with a form: files that are kept until it is sent, and why others are not."""

    files: Sequence[Attachment] = ()
    refused: Sequence[str] = field(default_factory=list)


def holder(request: HttpRequest, *, create: bool = False) -> str:
    """The key by which this session owns the files that it has not sent yet; it outlives the login."""
    key = str(request.session.get(SESSION_KEY, ""))
    if not key and create:
        key = request.session[SESSION_KEY] = secrets.token_hex(16)
    return key


def taken(request: HttpRequest, tokens: Sequence[str] | None = None, *, key: str = "") -> Taken:
    """The files of a form: those uploaded before, and those that come with it. A bad one leaves the others.

    ``key`` owns them instead of the session, where a page has none.
    """
    sent = request.POST.getlist("staged") if tokens is None else tokens
    files = list(uploads.waiting(key or holder(request), sent)) if sent else []
    refused = []
    for file in request.FILES.getlist("attachments"):
        try:
            files.append(keep(request, file, key))
        except (AttachmentRefused, LimitReached) as error:
            refused.append(str(error))
    if len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        refused.append(str(attachments.too_many()))
    return Taken(files, refused)


def keep(request: HttpRequest, file: UploadedFile, key: str = "") -> Attachment:
    """Keep one file for this session, or for ``key``, counted against its sender's limits."""
    attachments.pay_for_files(request, [file])
    return uploads.keep(file, key or holder(request, create=True))


@require_POST
@never_cache
def upload(request: HttpRequest) -> HttpResponse:
    """Keep one file. 201 with its token, or 422 with the reason why it is not taken."""
    return keep_one(request, lambda file: reverse("upload-remove", args=[file.token]))


@require_POST
@never_cache
def remove(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Throw away a file that was not sent yet."""
    return throw_away(holder(request), token)


def keep_one(request: HttpRequest, removed_at: Callable[[Attachment], str], *, key: str = "") -> JsonResponse:
    """The one file of ``request`` as scripts ask for it, with the address at which it is thrown away again."""
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"error": _("No file arrived. Try again.")}, status=422)
    try:
        kept = keep(request, file, key)
    except (AttachmentRefused, LimitReached) as error:
        return JsonResponse({"error": str(error)}, status=422)
    facts = {"token": str(kept.token), "name": kept.name, "size": filesizeformat(kept.size)}
    return JsonResponse(facts | {"remove": removed_at(kept)}, status=201)


def throw_away(key: str, token: uuid.UUID) -> HttpResponse:
    """204 where ``key`` owned such a file, 404 for any other."""
    file = uploads.waiting(key, [str(token)]).first()
    if file is None:
        raise Http404("No such file.")
    uploads.discard([file])
    return HttpResponse(status=204)


# --- Serving them ----------------------------------------------------------------------------------


@require_safe
@login_if_unknown()
def attachment(request: HttpRequest, token: uuid.UUID) -> FileResponse:
    file = visible_attachment(in_browser(request), str(token))
    shown = file.is_picture or file.is_audio
    return in_place(file) if "view" in request.GET and shown else as_download(file)


@require_safe
@login_if_unknown()
def thumbnail(request: HttpRequest, token: uuid.UUID) -> FileResponse:
    """The small picture of a picture."""
    file = visible_attachment(in_browser(request), str(token))
    return in_place(file, small=pictures.thumbnail_path(file))


def as_download(attachment: Attachment) -> FileResponse:
    return _served(attachment, attachment.file.name or "", attachment.content_type, is_download=True)


def in_place(attachment: Attachment, *, small: str = "") -> FileResponse:
    """A picture to look at, itself or the ``small`` one of that name; a recording to listen to."""
    if small:
        return _served(attachment, small, "image/webp", is_download=False)
    return _served(attachment, attachment.file.name or "", attachment.content_type, is_download=False)


def _served(attachment: Attachment, name: str, content_type: str, *, is_download: bool) -> FileResponse:
    try:
        content = attachment.file.storage.open(name, "rb")
    except FileNotFoundError as error:
        raise Http404("The file is gone.") from error
    response = FileResponse(
        content, as_attachment=is_download, filename=attachment.name, content_type=content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
