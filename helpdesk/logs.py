"""What the logs say: which request, where it broke and as what; never a text that a person wrote.

The message of an exception may hold anything (the row that a database refused, the address that a mail server did),
so a traceback tells its places and its type. With DEBUG on it tells the message too.
"""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.conf import settings
from django.http import HttpRequest

request_id: ContextVar[str] = ContextVar("request_id", default="-")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def places(exc_info: ExcInfo, *, with_message: bool = False) -> str:
    """A traceback without the exceptions' messages: places, types, and what each was caused by."""
    error, told = exc_info[1], []
    while error is not None:
        frames = "".join(traceback.format_tb(error.__traceback__))
        kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        told.append(f"{frames}{kind}{f': {error}' if with_message else ''}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhile handling:\n".join(told)


def address(record: logging.LogRecord) -> None:
    """Django logs the path of a request that failed. Links of guests carry their key in it: log the route instead."""
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest) and record.args:
        route = request.resolver_match.route if request.resolver_match else "?"
        record.args = tuple(f"/{route}" if one == request.path else one for one in record.args)


def quiet(record: logging.LogRecord) -> None:
    """An outage is told in one line each time, not with forty: where it was noticed says nothing."""
    if getattr(record, "status_code", 0) == 503:
        record.exc_info = record.exc_text = None


class Line(logging.Formatter):
    """One line for people, and a traceback where something broke."""

    def format(self, record: logging.LogRecord) -> str:
        prepare(record)
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return places(ei, with_message=settings.DEBUG)


class Json(logging.Formatter):
    """One JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        prepare(record)
        facts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": record.request_id,  # type: ignore[attr-defined]
            "message": record.getMessage(),
        }
        if status := getattr(record, "status_code", None):
            facts["status"] = status
        if record.exc_info and record.exc_info[0]:
            facts["traceback"] = places(record.exc_info, with_message=settings.DEBUG)
        return json.dumps(facts, ensure_ascii=False)


def prepare(record: logging.LogRecord) -> None:
    record.request_id = request_id.get()
    address(record)
    quiet(record)
