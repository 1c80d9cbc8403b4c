"""A provider's request read whole: Django bounds every form field to what a page may send, and a mail is larger."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

FIELDS = 1_000


def read_whole(request: HttpRequest, most: int) -> None:
    """Have ``request.body``, ``POST`` and ``FILES`` hold what was posted. Raises RequestDataTooBig above ``most`` bytes."""
    body = request.read(most + 1)
    if len(body) > most:
        raise RequestDataTooBig(f"More than {most} bytes.")
    known: Any = request  # Django has no public way to give it what was read
    known._body = body
    if request.content_type == "multipart/form-data":
        known._post, known._files = _form(request.headers["Content-Type"], body)


def _form(content_type: str, body: bytes) -> tuple[QueryDict, MultiValueDict[str, Any]]:
    fields, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    made = message_from_bytes(head + body, policy=policy.HTTP)
    for part in list(made.iter_parts())[:FIELDS] if isinstance(made, EmailMessage) else []:
        name = str(part.get_param("name", "", header="content-disposition") or "")
        content = part.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        if part.get_filename() is not None:
            kind = part.get_content_type()
            files.appendlist(name, SimpleUploadedFile(str(part.get_filename()) or "file", content, kind))
        else:
            fields.appendlist(name, content.decode("utf-8", "surrogateescape"))
    return fields, files
