"""ETag and If-Match: who writes can say what they have read, and is told if it has changed since (RFC 9110, 13.1)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.http import parse_etags
from rest_framework import exceptions, status
from rest_framework.request import Request

SCHEMA: Final[dict[str, Any]] = {
    "type": "string", "maxLength": 400, "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
    "description": "The ETag of what you have read, or `*`. If it has changed since, nothing is done: 412.",
}  # fmt: skip


class Changed(exceptions.APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "It has changed since you read it. Nothing was done. Read it again, then decide."


def etag_of(body: Any) -> str:
    """Of what this caller sees of it, so that it tells nobody of changes that they do not see."""
    written = json.dumps(body, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return f'"{hashlib.sha256(written.encode(errors="replace")).hexdigest()[:32]}"'


def wants_unchanged(request: Request) -> bool:
    given = request.headers.get("If-Match")
    if given is not None and not re.fullmatch(SCHEMA["pattern"], given.strip()):
        raise exceptions.ValidationError(
            {"If-Match": ["The ETag of what you have read, in its quotes, or *."]}
        )
    return given is not None


def refuse_changed(request: Request, etag: str) -> None:
    known = parse_etags(request.headers["If-Match"])
    if known != ["*"] and etag not in known:
        raise Changed


def is_known(request: Request, etag: str) -> bool:
    """Whether the caller has it already, for a 304."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return known == ["*"] or etag in (one.removeprefix("W/") for one in known)
