"""Tickets from a CSV or JSONL file: read one by one, checked, saved in batches; bad rows are set aside."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify

from accounts.mailboxes import LONGEST, normalize, validate_address
from tickets.intake.history import PastTicket, save_past_tickets
from tickets.intake.submit import one_line, subject_from
from tickets.models import Message, Ticket
from triage.core.reading.markup import looks_like_html, read_html
from triage.models import Example, Intent, Mode, fingerprint

COLUMNS = ("external_id", "subject", "body", "requester_email", "intent", "reply", "status", "created_at")
REQUIRED = {"body", "requester_email"}
SETTLED = {"resolved", "closed", "solved", "done", ""}
UNSETTLED = {"open", "new", "pending", "escalated", "on-hold", "in_progress"}
BATCH = 500
CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_LINE = 16 * 1024 * 1024  # characters: a file that is one endless line must not fill the memory
SURROGATE = re.compile("[\ud800-\udfff]")  # what a byte that is no UTF-8 is read as; no database takes it


class ImportFileError(Exception):
    """The file as a whole cannot be imported; nothing was saved."""


class RowError(ValueError):
    """One row cannot be taken; the message says why."""


@dataclass(frozen=True)
class Row:
    """One line of the file: where it stands and what it says."""

    line: int
    fields: dict[str, Any]


@dataclass
class Tally:
    """What became of the rows so far."""

    saved: int = 0
    known: int = 0
    rejected: int = 0
    intents: int = 0

    @property
    def read(self) -> int:
        return self.saved + self.known + self.rejected


def read_rows(file: Path) -> Iterator[Row | tuple[Row, str]]:
    """The rows of ``file`` one by one; a line that is no row at all comes with the reason."""
    if file.suffix.lower() in {".jsonl", ".ndjson"}:
        return _read_jsonl(file)
    if file.suffix.lower() == ".csv":
        return _read_csv(file)
    raise ImportFileError(f"{file.name}: give a .csv or .jsonl file.")


def _read_csv(file: Path) -> Iterator[Row | tuple[Row, str]]:
    csv.field_size_limit(LONGEST_LINE)
    with file.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as stream:
        reader = csv.DictReader(stream, strict=True)  # a quote that is not closed would swallow other rows
        missing = REQUIRED - set(_header(reader, file))
        if missing:
            raise ImportFileError(
                f"{file.name}: the header lacks {', '.join(sorted(missing))}. Known columns: "
                f"{', '.join(COLUMNS)}; the file must be UTF-8 with commas between the columns."
            )
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield (
                    Row(line, {}),
                    f"not readable as CSV from this line on; is a quote not closed? ({error})",
                )
                continue
            row = Row(line, {name: value for name, value in fields.items() if name})
            if None in fields:
                yield row, "has more values than the header has columns"
            elif any(value is None for value in fields.values()):
                yield row, "has fewer values than the header has columns"
            else:
                yield row


def _header(reader: csv.DictReader[str], file: Path) -> Sequence[str]:
    try:
        return reader.fieldnames or []
    except csv.Error as error:
        raise ImportFileError(f"{file.name}: the header is not readable as CSV: {error}") from error


def _read_jsonl(file: Path) -> Iterator[Row | tuple[Row, str]]:
    with file.open(encoding="utf-8-sig", errors="surrogateescape") as stream:
        for number, line in enumerate(_lines(stream), start=1):
            if not line.strip():
                continue
            if len(line) >= LONGEST_LINE:
                yield Row(number, {"body": line[:200]}), f"is longer than {LONGEST_LINE} characters"
                continue
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                # Not only JSONDecodeError: a number of thousands of digits, a nest of thousands of brackets.
                yield Row(number, {"body": line.rstrip()}), f"not readable as JSON: {error}"
                continue
            row = Row(number, fields if isinstance(fields, dict) else {"body": line.rstrip()})
            yield row if isinstance(fields, dict) else (row, "is not a JSON object")


def _lines(stream: TextIO) -> Iterator[str]:
    """The lines of ``stream``; of one that has no end in sight only the first LONGEST_LINE characters."""
    while line := stream.readline(LONGEST_LINE):
        rest = line
        while not rest.endswith("\n") and len(rest) == LONGEST_LINE:
            rest = stream.readline(LONGEST_LINE)
        yield line


def past_ticket(row: Row) -> PastTicket:
    """Check one row; RowError with the reason if it cannot be taken."""
    text = {name: _text(row.fields.get(name), name) for name in COLUMNS}
    text |= {name: _plain(text[name]) for name in ("body", "reply")}
    if not text["body"]:
        raise RowError("body is empty")
    if len(text["body"]) > settings.MESSAGE_MAX_CHARS or len(text["reply"]) > settings.MESSAGE_MAX_CHARS:
        raise RowError(f"body or reply is longer than {settings.MESSAGE_MAX_CHARS} characters")
    email = normalize(text["requester_email"])
    if len(email) > LONGEST:
        raise RowError(f"requester_email is longer than {LONGEST} characters")
    try:
        validate_address(email)
    except ValidationError:
        raise RowError(f"requester_email {text['requester_email']!r} is not an e-mail address") from None
    status = text["status"].lower()
    if status not in SETTLED | UNSETTLED:
        raise RowError(
            f"status {text['status']!r} is none of: {', '.join(sorted((SETTLED | UNSETTLED) - {''}))}"
        )
    created = _moment(text["created_at"])
    return PastTicket(
        external_id=external_id(text),
        subject=one_line(_plain(text["subject"])) or subject_from(text["body"]),
        body=text["body"],
        requester_email=email,
        reply=text["reply"],
        created_at=created,
        is_settled=status in SETTLED,
        label=_slug(text["intent"]),
    )


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise RowError(f"{name} is not a text")
    text = str(value).replace("\0", "").strip()
    if not text.isascii() and SURROGATE.search(text):
        raise RowError(f"{name} holds characters that are not valid UTF-8; save the file as UTF-8")
    return text


def _plain(text: str) -> str:
    """What a person reads of ``text``, which other systems keep as HTML."""
    return read_html(text)[0].strip() if looks_like_html(text) else text


def _moment(text: str) -> datetime:
    """A moment that has passed; one without a zone is the house's."""
    if not text:
        return timezone.now()
    try:
        moment = parse_datetime(text) or datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else timezone.make_aware(moment)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowError(f"created_at {text!r} is not a date such as 2026-03-31T14:05:00Z") from None
    if moment > timezone.now() + CLOCKS_DIFFER:
        raise RowError(f"created_at {text!r} lies in the future")
    return moment


def _slug(label: str) -> str | None:
    slug = slugify(label).replace("-", "_")[:80]
    if label and not slug:
        raise RowError(f"intent {label!r} has no letters to name it by")
    return slug or None


def external_id(text: dict[str, str]) -> str:
    """The row's own id, or one from its content, so that a second run finds it again."""
    if text["external_id"]:
        name = text["external_id"]
        return f"import:{name}" if len(name) <= 100 else f"import:{sha256(name.encode()).hexdigest()}"
    content = "\0".join(text[name] for name in ("requester_email", "subject", "body", "created_at"))
    return f"import:{sha256(content.encode()).hexdigest()}"


class Rejects:
    """The file of rows that were not taken, with line number and reason; made when the first one comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: TextIO | None = None

    def add(self, row: Row, reason: str) -> None:
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8")
        self._stream.write(
            json.dumps({"line": row.line, "reason": reason, "row": row.fields}, default=str) + "\n"
        )

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


def import_file(file: Path, rejects: Rejects, *, mode: Mode = Mode.SUGGEST) -> Iterator[Tally]:
    """Import ``file``; yields the tally after each batch. Each batch is one transaction."""
    tally, rows, seen = Tally(), read_rows(file), Seen()
    while True:
        before = tally.read
        wanted = list(_acceptable(islice(rows, BATCH), rejects, tally, seen))
        if not wanted and tally.read == before:
            return
        past = list(_same_as_saved(wanted, rejects, tally))
        try:
            saved, intents = save_batch(past, mode=mode)
        except IntegrityError:
            # Another import of the same tickets was faster by a moment; its rows are known by now.
            saved, intents = save_batch(past, mode=mode)
        tally.saved += saved
        tally.known += len(past) - saved
        tally.intents += intents
        yield tally


class Seen:
    """The rows of this file so far, by hashes: which line had an id first, and with what text."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[int, int]] = {}

    def earlier(self, row: Row, past: PastTicket) -> tuple[int, bool] | None:
        """The line that has the same id, and whether it says the same; None, and noted, where none has."""
        text = hash((past.subject, past.body, past.requester_email, past.reply, past.label))
        line, same = self._lines.setdefault(hash(past.external_id), (row.line, text))
        return None if line == row.line else (line, same == text)


def _acceptable(
    rows: Iterable[Row | tuple[Row, str]], rejects: Rejects, tally: Tally, seen: Seen
) -> Iterator[tuple[Row, PastTicket]]:
    """The rows that can be taken; the others are set aside at once, so that a huge one is not held."""
    for item in rows:
        row, reason = item if isinstance(item, tuple) else (item, "")
        try:
            if reason:
                raise RowError(reason)
            past = past_ticket(row)
            earlier = seen.earlier(row, past)
            if earlier and not earlier[1]:
                raise RowError(f"has the external_id of line {earlier[0]}, which says something else")
        except RowError as error:
            rejects.add(row, str(error))
            tally.rejected += 1
            continue
        if earlier:
            tally.known += 1
        else:
            yield row, past


def _same_as_saved(
    wanted: Sequence[tuple[Row, PastTicket]], rejects: Rejects, tally: Tally
) -> Iterator[PastTicket]:
    """Those whose id is new, or was saved before with the same text; the others are set aside."""
    ids = [past.external_id for _, past in wanted]
    messages = Message.objects.filter(ticket__external_id__in=ids).order_by(
        "-id"
    )  # the first one of each stays
    saved = dict(messages.values_list("ticket__external_id", "body"))
    for row, past in wanted:
        if saved.get(past.external_id, past.body) == past.body:
            yield past
        else:
            rejects.add(row, "has the external_id of a ticket imported before, which says something else")
            tally.rejected += 1


@transaction.atomic
def save_batch(past: list[PastTicket], *, mode: Mode) -> tuple[int, int]:
    """Tickets, the intents they name and the examples they make; returns new tickets, new intents."""
    tickets = save_past_tickets(past)
    intents, created = ensure_intents({row.label for row in past if row.label}, mode=mode)
    Example.objects.bulk_create(
        [
            _example(row, intents[row.label], tickets[row.external_id])
            for row in past
            if row.label and row.external_id in tickets
        ],
        ignore_conflicts=True,
    )
    return len(tickets), created


def ensure_intents(slugs: set[str], *, mode: Mode) -> tuple[dict[str, Intent], int]:
    """The intents of these names; missing ones are made, not automated until an answer is approved."""
    known = Intent.objects.in_bulk(slugs, field_name="slug")
    created = 0
    for slug in sorted(slugs - set(known)):
        known[slug] = Intent.objects.create(
            slug=slug, title=slug.replace("_", " ").capitalize(), group="imported", mode=mode
        )
        created += 1
    return known, created


def _example(row: PastTicket, intent: Intent, ticket: Ticket) -> Example:
    first_words = subject_from(row.body)
    text = row.body if row.subject in {first_words, row.body} else f"{row.subject}\n{row.body}"
    return Example(
        text=text, intent=intent, ticket=ticket, source=Example.Source.IMPORT, fingerprint=fingerprint(text)
    )
