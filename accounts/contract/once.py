"""A request that a program sends again because it heard no answer is carried out once.

The program names the request by an Idempotency-Key. The first request with it takes the key; another one finds it
taken and gets what the first has made, as it is now and as far as its person may still see it. A request that was
refused gives its key back. Keys are kept for a day.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework import exceptions, status
from rest_framework.request import Request

from accounts.contract.models import UsedKey
from accounts.models import User

HEADER: Final = "Idempotency-Key"
SCHEMA: Final = {
    "type": "string", "minLength": 1, "maxLength": 80, "pattern": r"^[!-~]([ -~]*[!-~])?$",
    "description": "A name of yours for this request. Sent again with the same body, it makes nothing new.",
}  # fmt: skip
FORM: Final = re.compile(r"[!-~](?:[ -~]{0,78}[!-~])?")
KEPT: Final = timedelta(hours=24)
#: A request that takes longer has died with its process.
LEASE: Final = timedelta(seconds=60)
SWEPT_AT_ONCE: Final = 5_000


class StillRunning(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "still_running"
    default_detail = (
        "The first request with this Idempotency-Key is still running. Send it again in a second."
    )
    wait = 1  # what the framework tells in Retry-After


class KeyReused(exceptions.APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "key_reused"
    default_detail = "This Idempotency-Key was used for another request. Nothing was done. Use a new key."


def key_of(request: Request) -> str:
    """The key of a request, empty if it has none. The quotes of a structured field may stand around it."""
    given = request.headers.get(HEADER)
    if given is None:
        return ""
    key = given.strip()
    key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not FORM.fullmatch(key):
        raise exceptions.ValidationError({HEADER: ["1 to 80 printable ASCII characters."]})
    return key


def take(person: User, key: str, fingerprint: str, *, waits: bool = True) -> tuple[UsedKey, bool]:
    """The key's row, and whether its request is to be carried out. Raises KeyReused and StillRunning.

    Without ``waits`` it is carried out beside a first one that still runs, or died: it finds what that one makes.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            return UsedKey.objects.create(person=person, key=key, fingerprint=fingerprint, at=now), True
    except IntegrityError:
        known = UsedKey.objects.filter(person=person, key=key).first()
    if known is None:  # given back in this moment
        if waits:
            raise StillRunning
        return take(person, key, fingerprint)
    if known.at < now - KEPT or (not known.finished and known.at < now - LEASE):
        facts = {"fingerprint": fingerprint, "at": now, "finished": False, "made": ""}
        if not UsedKey.objects.filter(pk=known.pk, at=known.at).update(**facts):
            raise StillRunning
        known.refresh_from_db()
        return known, True
    if not hmac.compare_digest(known.fingerprint, fingerprint):
        raise KeyReused
    if waits and not known.finished:
        raise StillRunning
    return known, not known.finished


def finish(taken: UsedKey, made: str) -> None:
    UsedKey.objects.filter(pk=taken.pk, at=taken.at).update(finished=True, made=made)


def give_back(taken: UsedKey) -> None:
    UsedKey.objects.filter(pk=taken.pk, at=taken.at).delete()


def fingerprint_of(request: Request) -> str:
    """The same for the same request: method, address and what its body says, however it is written."""
    said = [request.method, request.get_full_path(), _plain(request.data)]
    written = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(settings.SECRET_KEY.encode(), written.encode(), hashlib.sha256).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "lists"):  # a form
        return {name: [_plain(one) for one in values] for name, values in value.lists()}
    if isinstance(value, UploadedFile):
        content = hashlib.sha256()
        for chunk in value.chunks():
            content.update(chunk)
        value.seek(0)
        return [value.name, value.size, content.hexdigest()]
    return value


def forget_old() -> None:
    """A sweep."""
    old = UsedKey.objects.filter(at__lt=timezone.now() - KEPT).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    UsedKey.objects.filter(pk__in=list(old)).delete()
