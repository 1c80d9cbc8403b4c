"""Serving what people attached, safely: never shown in the browser, never sniffed, never cached by others."""

from __future__ import annotations

from django.http import FileResponse, Http404

from tickets.models import Attachment


def as_download(attachment: Attachment) -> FileResponse:
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The file is gone.") from error
    response = FileResponse(
        content, as_attachment=True, filename=attachment.name, content_type=attachment.content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
