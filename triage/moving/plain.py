"""Small readers of other systems' values: texts, moments, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.mailboxes import normalize, validate_address
from tickets.intake.history import PastMessage, PastTicket
from tickets.intake.submit import one_line, subject_from
from tickets.models import Message
from triage.core.reading.markup import looks_like_html, read_html
from triage.moving.records import Unfit

CLOCKS_DIFFER = timedelta(minutes=5)
NAME_CHARS = 120


def text(value: Any) -> str:
    """What a person reads of ``value``; other systems keep HTML."""
    if value is None or isinstance(value, dict | list):
        return ""
    said = str(value).replace("\0", "").strip()
    said = said.encode("utf-8", "ignore").decode()  # lone surrogates, which no database takes
    return read_html(said)[0].strip() if looks_like_html(said) else said


def body(value: Any) -> str:
    return text(value)[: settings.MESSAGE_MAX_CHARS]


def moment(value: Any) -> datetime:
    try:
        found = parse_datetime(str(value)) or datetime.fromisoformat(str(value))
        found = (found if found.tzinfo else timezone.make_aware(found)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit("a date cannot be read") from None
    if found > timezone.now() + CLOCKS_DIFFER:
        raise Unfit("a date lies in the future")
    return found


def address(value: Any) -> str:
    found = normalize(text(value))
    try:
        validate_address(found)
    except ValidationError:
        raise Unfit("the requester has no e-mail address") from None
    return found


def rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def inner(row: Mapping[str, Any], *names: str) -> Any:
    """The value below several keys; None where one is missing."""
    found: Any = row
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def message(sender: str, said: Any, at: Any, *, note: bool = False, by: str = "") -> PastMessage:
    kind = Message.Kind.NOTE if note else Message.Kind.REPLY
    return PastMessage(Message.Sender(sender), body(said) or "(no text)", moment(at), kind, text(by).lower())


def past(
    system: str, number: Any, *, subject: Any, email: Any, name: Any, created: Any, settled: bool, said: list[PastMessage]
) -> PastTicket:  # fmt: skip
    """A ticket from its parts. Unfit where it lacks what no ticket can be without."""
    if not said:
        raise Unfit("it has no message")
    if number in (None, ""):
        raise Unfit("it has no number")
    said.sort(key=lambda one: one.at)
    return PastTicket(
        external_id=f"{system}:{number}"[:120], subject=one_line(text(subject)) or subject_from(said[0].body), body=said[0].body,
        requester_email=address(email), requester_name=text(name)[:NAME_CHARS], created_at=moment(created), is_settled=settled,
        messages=said,
    )  # fmt: skip
