"""One question to an OpenAI-compatible endpoint, which always ends in time and in size."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from tickets.webhooks import guard
from tickets.webhooks.sending import Pinned
from triage.drafts.faults import Fault

MOST_BYTES: Final = 1024 * 1024  # of an answer with all that is around it
MOST_CHARS: Final = 32_000  # of the text that the model wrote
CHUNK: Final = 16 * 1024
SIGNS_A_TOKEN: Final = 3  # a careful guess where the server does not count


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote, and what it cost."""

    text: str
    tokens: int


def guessed_tokens(*texts: str) -> int:
    return sum(len(text) // SIGNS_A_TOKEN + 1 for text in texts)


def complete(messages: Sequence[dict[str, str]], schema: dict[str, Any]) -> Written:
    """Ask once. Fault where nothing whole came back, whatever the other side does.

    A stream that ends without saying why is no answer: only ``finish_reason`` "stop" is.
    """
    asked = json.dumps(_question(messages, schema), ensure_ascii=False).encode()
    ends = time.monotonic() + settings.LLM_TIMEOUT_SECONDS
    try:
        text, reason, tokens = _read(asked)
    except guard.Refused:
        raise Fault("address") from None
    except Fault as fault:
        raise Fault("timeout" if time.monotonic() >= ends and fault.code == "cut" else fault.code) from None
    except (TimeoutError, OSError, http.client.HTTPException) as error:
        cut = isinstance(error, http.client.IncompleteRead)
        code = "timeout" if time.monotonic() >= ends or isinstance(error, TimeoutError) else "unreachable"
        raise Fault("cut" if cut and code != "timeout" else code) from None
    known = tokens if tokens is not None else guessed_tokens(asked.decode(), text)
    if reason != "stop":
        raise Fault("timeout" if time.monotonic() >= ends else "cut", text, known)
    return Written(text, known)


def _question(messages: Sequence[dict[str, str]], schema: dict[str, Any]) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}},
        "object": {"response_format": {"type": "json_object"}},
        "text": {},
    }  # fmt: skip
    return {
        "model": settings.LLM_MODEL, "messages": list(messages), "temperature": 0, "max_tokens": settings.LLM_MAX_TOKENS,
        "stream": True, "stream_options": {"include_usage": True}, **forms[settings.LLM_ANSWERS],
    }  # fmt: skip


def _read(asked: bytes) -> tuple[str, str, int | None]:
    """Text, reason for its end, and tokens where they are told."""
    target = guard.read(
        f"{settings.LLM_URL}/chat/completions",
        guard.Internal("LLM_INTERNAL_HOSTS", settings.LLM_INTERNAL_HOSTS),
    )
    connection = Pinned(target, guard.resolve(target), seconds=settings.LLM_TIMEOUT_SECONDS)
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream, application/json",
        "User-Agent": "Helpdesk-Drafts/1",
    }
    if settings.LLM_KEY:
        headers["Authorization"] = f"Bearer {settings.LLM_KEY}"
    try:
        connection.request("POST", target.path, body=asked, headers=headers)
        answer = connection.getresponse()
        _refuse_status(answer.status)
        streamed = (answer.getheader("Content-Type") or "").startswith("text/event-stream")
        return _gathered(_events(answer)) if streamed else _whole(b"".join(_chunks(answer)))
    finally:
        connection.close()


def _refuse_status(status: int) -> None:
    if status in {408, 429, 503}:
        raise Fault("busy")
    if status >= 500:
        raise Fault("broken")
    if status != 200:
        raise Fault("refused")


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    size = 0
    while chunk := answer.read1(CHUNK):
        size += len(chunk)
        if size > MOST_BYTES:
            raise Fault("too_big")
        yield chunk
    if answer.length:
        raise Fault("cut")  # of what was announced, that much is missing


def _events(answer: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """The JSON of each ``data:`` line, until the stream says that it is done or ends."""
    rest = b""
    for chunk in _chunks(answer):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip() == b"data: [DONE]":
                return
            if line.startswith(b"data:"):
                yield _parsed(line[5:])


def _gathered(events: Iterator[dict[str, Any]]) -> tuple[str, str, int | None]:
    texts: list[str] = []
    size, reason, tokens = 0, "", None
    for event in events:
        for choice in _list(event.get("choices"))[:1]:
            piece = _dict(choice.get("delta")).get("content")
            if isinstance(piece, str):
                texts.append(piece)
                size += len(piece)
            reason = choice.get("finish_reason") or reason
        if size > MOST_CHARS:
            raise Fault("too_big")
        tokens = _tokens(event) or tokens
    return "".join(texts), str(reason), tokens


def _whole(raw: bytes) -> tuple[str, str, int | None]:
    """An answer in one piece, from a server that does not stream."""
    event = _parsed(raw)
    choices = _list(event.get("choices"))
    text = _dict(choices[0].get("message")).get("content") if choices else None
    if not isinstance(text, str):
        raise Fault("garbage")
    if len(text) > MOST_CHARS:
        raise Fault("too_big")
    return text, str(choices[0].get("finish_reason") or ""), _tokens(event)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise Fault("garbage") from None
    if not isinstance(event, dict):
        raise Fault("garbage")
    return event


def _tokens(event: dict[str, Any]) -> int | None:
    total = _dict(event.get("usage")).get("total_tokens")
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 <= total < 10**7 else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
