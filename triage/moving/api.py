"""Another help desk's API: read page by page, as slowly as it asks for, and never further than its own address."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from tickets.webhooks import guard
from tickets.webhooks.sending import Pinned
from triage.moving import plain
from triage.moving.records import Broken, Listing, System

SECONDS: Final = 60.0  # for one answer
MOST_BYTES: Final = 64 * 1024 * 1024  # of one page
TRIES: Final = 6
LONGEST_WAIT: Final = 900.0  # seconds of a Retry-After that is honoured at once
REDIRECTS: Final = 3
PAGES_A_WINDOW: Final = 300  # after which Freshdesk lists no further: go on from the last one's date
RETRY_AFTER: Final = ("Retry-After", "X-RateLimit-Retry-After")


class Api:
    """Reads ``system`` at ``url``. ``wait`` is told the seconds of each pause, and takes them."""

    def __init__(
        self,
        system: System,
        url: str,
        token: str,
        *,
        internal: list[str],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._system, self._url, self._wait = system, url.rstrip("/"), wait
        self._signed = system.sign(token)
        self._internal = guard.Internal("--internal-host", internal)
        if not self._host(self._url):
            raise Broken(f"{url} is no web address such as https://example.zendesk.com.")

    # --- what a Reader is asked for ------------------------------------------------------------------------

    def listing(self, kind: str) -> Iterator[dict[str, Any]]:
        wanted = self._system.listings.get(kind)
        if wanted is None:
            return
        place: str | None = wanted.path
        number = 1
        while place:
            answer, headers = self._json(place, optional=kind != "tickets")
            found = _rows(answer, wanted)
            people = answer.get("users") if isinstance(answer, dict) else None
            for row in found:
                yield from self._on_shelf({**row, "users": people} if people else row, wanted.within)
            number += 1
            place = _next(place, wanted, answer, headers, found, number)

    def _on_shelf(self, row: dict[str, Any], within: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        if not within:
            yield row
            return
        for one in self.more(within[0].format(row.get("id"))):
            yield from self._on_shelf(one, within[1:])

    def more(self, path: str, key: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        place: str | None = path
        while place:
            answer, headers = self._json(place)
            rows = answer.get(key) if key and isinstance(answer, dict) else answer
            people = answer.get("users") if isinstance(answer, dict) else None
            listed = plain.rows(rows) or [{"name": one} for one in rows or () if isinstance(one, str)]
            found += [_with_author(row, people) for row in listed]
            place = _link(headers) or (answer.get("next_page") if isinstance(answer, dict) else None)
        return found

    def file(self, place: str) -> bytes | None:
        if not place:
            return None
        status, headers, body = self._get(place, most=settings.ATTACHMENT_MAX_BYTES)
        if status != 200:
            return None
        if place.endswith("/data") and "json" in headers.get("Content-Type", ""):
            told = json.loads(body).get("data")  # Help Scout wraps a file in base64
            return base64.b64decode(told) if isinstance(told, str) else None
        return body

    # --- one request, as often as it needs --------------------------------------------------------------------

    def _json(self, place: str, *, optional: bool = False) -> tuple[Any, http.client.HTTPMessage]:
        status, headers, body = self._get(place, most=MOST_BYTES)
        if status in {403, 404} and optional:
            return {}, headers
        if status in {401, 403}:
            raise Broken(
                f"{self._url} does not let us in ({status}). Check IMPORT_TOKEN and what it may read."
            )
        if status != 200:
            raise Broken(f"{self._url} answered {status} to {urlsplit(place).path}.")
        try:
            return json.loads(body), headers
        except (ValueError, RecursionError):
            raise Broken(f"{self._url}: the answer to {urlsplit(place).path} is no JSON.") from None

    def _get(self, place: str, *, most: int) -> tuple[int, http.client.HTTPMessage, bytes]:
        for attempt in range(1, TRIES + 1):
            try:
                status, headers, body = self._follow(urljoin(f"{self._url}/", place), most)
            except (OSError, http.client.HTTPException) as error:
                if attempt == TRIES:
                    raise Broken(f"{self._url} cannot be reached ({type(error).__name__}).") from None
                self._wait(2.0**attempt)
                continue
            if status not in {429, 500, 502, 503, 504} or attempt == TRIES:
                return status, headers, body
            self._wait(_asked_for(headers) or 2.0**attempt)
        raise AssertionError("the last try returns or raises")

    def _follow(self, url: str, most: int) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Files may lie elsewhere; whoever is not the system itself is not told the key."""
        for _ in range(REDIRECTS):
            own = self._host(url) == self._host(self._url)
            status, headers, body = self._once(url, self._signed if own else {}, most)
            if status not in {301, 302, 303, 307, 308}:
                return status, headers, body
            url = urljoin(url, headers.get("Location", ""))
        raise Broken(f"{self._url} leads in circles.")

    def _once(
        self, url: str, signed: Mapping[str, str], most: int
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        try:
            target = guard.read(url, self._internal)
            connection = Pinned(target, guard.resolve(target), seconds=SECONDS)
        except guard.Refused as error:
            raise Broken(
                f"{self._host(url) or url}: {error} A private host is allowed by --internal-host."
            ) from None
        try:
            connection.request(
                "GET",
                target.path,
                headers={"Accept": "application/json, */*", "User-Agent": "Helpdesk-Import/1", **signed},
            )
            answer = connection.getresponse()
            body = answer.read(most + 1)
            if len(body) > most:
                return 413, answer.headers, b""
            return answer.status, answer.headers, body
        finally:
            connection.close()

    def _host(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _rows(answer: Any, listing: Listing) -> list[dict[str, Any]]:
    if listing.rule == "hal":
        return plain.rows(plain.inner(answer, "_embedded", listing.key)) if isinstance(answer, dict) else []
    return plain.rows(answer.get(listing.key) if listing.key and isinstance(answer, dict) else answer)


def _next(
    place: str, listing: Listing, answer: Any, headers: http.client.HTTPMessage, found: list[dict[str, Any]], number: int
) -> str | None:  # fmt: skip
    """The place of the next page; None after the last."""
    told = answer if isinstance(answer, dict) else {}
    if listing.rule == "after_url":
        return None if told.get("end_of_stream") else told.get("after_url")
    if listing.rule == "hal":
        return (
            _paged(listing.path, number) if number <= (plain.inner(told, "page", "totalPages") or 0) else None
        )
    if listing.rule in {"page", "updated_since"}:
        if not found:
            return None
        if listing.rule == "updated_since" and number > PAGES_A_WINDOW:
            return _since(listing.path, str(found[-1].get("updated_at")))
        page = number if listing.rule == "page" else _page_of(place) + 1
        return _paged(place, page)
    return told.get("next_page") or _link(headers)


def _paged(place: str, page: int) -> str:
    base = "&".join(part for part in place.split("&") if not part.startswith("page="))
    return f"{base}&page={page}"


def _page_of(place: str) -> int:
    found = [part[5:] for part in place.split("&") if part.startswith("page=")]
    return int(found[0]) if found else 1


def _since(path: str, moment: str) -> str:
    return "&".join(
        f"updated_since={moment}" if part.startswith("updated_since=") else part for part in path.split("&")
    )


def _link(headers: http.client.HTTPMessage) -> str | None:
    for part in (headers.get("Link") or "").split(","):
        place, _, rel = part.partition(";")
        if 'rel="next"' in rel:
            return place.strip().strip("<>")
    return None


def _with_author(row: dict[str, Any], people: Any) -> dict[str, Any]:
    author = next((one for one in plain.rows(people) if one.get("id") == row.get("author_id")), None)
    return {**row, "author": author} if author else row


def _asked_for(headers: http.client.HTTPMessage) -> float:
    """Seconds that the other side asks us to wait, in one of its ways; 0 where it does not say."""
    for name in RETRY_AFTER:
        told = (headers.get(name) or "").strip()
        if told.isdecimal():
            return min(float(told), LONGEST_WAIT)
        if told:
            try:
                left = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
            except (TypeError, ValueError):
                continue
            return min(max(left, 0.0), LONGEST_WAIT)
    return 0.0
