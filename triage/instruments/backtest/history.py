"""A history to try out: from a file as ``import_tickets`` takes it, or from this house's own tickets. Writes no row."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from tickets.models import Ticket
from triage.core import backtest
from triage.core.backtest import Past
from triage.core.errors import TrainingError
from triage.core.types import Guard
from triage.instruments.backtest import figures as reporting
from triage.learning.importing import ImportFileError, RowError, past_ticket, read_rows
from triage.learning.train import contrast_texts
from triage.models import Guard as GuardRow
from triage.oversight.ladder import target_error
from triage.running.runtime import resolved_tickets
from triage.running.sentence_encoder import configured_encoder

FEWEST = 50  # tickets: less says nothing about anything

Tell = Callable[[str, int, int], None]


class NothingToTry(Exception):
    """The history cannot be tried out; the message says what it lacks."""


@dataclass(frozen=True)
class History:
    """What was read, with what is worth telling about it."""

    tickets: list[Past]
    source: str
    notes: tuple[str, ...] = ()


def from_file(file: Path, source: str = "") -> History:
    """The tickets of a file. Raises NothingToTry where it cannot be read, or nobody has named an intent in it."""
    found, left_out = [], 0
    try:
        for item in read_rows(file):
            if isinstance(item, tuple):
                left_out += 1
                continue
            try:
                past = past_ticket(item)
            except RowError:
                left_out += 1
                continue
            at = past.created_at.isoformat() if item.fields.get("created_at") else ""
            found.append(Past(past.external_id, at, past.subject, past.body, past.label))
    except ImportFileError as error:
        raise NothingToTry(str(error)) from error
    dated = [past for past in found if past.at]
    notes = []
    if left_out:
        notes.append(f"{left_out} rows could not be read and were left out; import_tickets tells why.")
    if len(dated) < len(found):  # where some have no date, the order of the file is the order of time
        found = [
            Past(one.reference, _undated(at), one.subject, one.body, one.intent)
            for at, one in enumerate(found)
        ]
        notes.append(
            "Not every row has a date (created_at), so the order of the file is taken for that of time."
        )
    return _checked(History(found, source or file.name, tuple(notes)))


def _undated(number: int) -> str:
    """A moment that keeps the order and no span."""
    return f"1970-01-01T00:00:00.{min(number, 999_999):06d}+00:00"


def from_house(months: int) -> History:
    """This house's tickets of so many months whose intent a person has named: by a correction, or an import."""
    since = timezone.now() - timedelta(days=months * reporting.DAYS_A_MONTH)
    rows = Ticket.objects.all().wanted().filter(created_at__gte=since)
    moments = dict(rows.values_list("pk", "created_at"))
    references = dict(rows.values_list("pk", "reference"))
    found = [
        Past(references[one.id], moments[one.id].isoformat(), *_parts(one.text), one.intent)
        for one in resolved_tickets(rows)
        if one.confirmed
    ]
    notes = (
        f"{len(moments) - len(found)} of {len(moments)} tickets were left out: nobody has named their intent.",
    )
    return _checked(History(found, f"the last {months} months of this house", notes))


def _parts(text: str) -> tuple[str, str]:
    subject, _, body = text.partition("\n")
    return subject, body


def _checked(history: History) -> History:
    known = {past.intent for past in history.tickets if past.intent}
    if len(history.tickets) < FEWEST:
        raise NothingToTry(f"{len(history.tickets)} tickets can be used, and at least {FEWEST} are needed.")
    if len(known) < 2:
        raise NothingToTry(
            "Fewer than two intents are named in it. Fill the column “intent” for past tickets."
        )
    return history


def run(history: History, folder: Path, *, tell: Tell, target: float | None = None) -> dict[str, Any]:
    """The report of a history; ``folder`` keeps what is done so far, and a run that finds it goes on there.

    Raises NothingToTry where the older part cannot train a model.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    older, newer = backtest.split(history.tickets)
    tell(f"Training on the {len(older):,} older tickets", 0, len(newer))
    guards = [
        Guard(topic, pattern)
        for topic, pattern in GuardRow.objects.filter(is_active=True).values_list("topic", "pattern")
    ]
    try:
        model = backtest.trained(
            older, folder / "model", contrasts=contrast_texts(), encoder=configured_encoder()
        )
    except TrainingError as error:
        raise NothingToTry(f"The older part cannot train a model: {error}") from error
    rows = backtest.tried(
        model, newer, folder / "rows.jsonl", guards=guards, margin=settings.TRIAGE_MIN_MARGIN, tell=tell
    )
    return reporting.report(
        rows,
        older=len(older),
        target=target or target_error(),
        seconds=time.monotonic() - began,
        source=history.source,
        notes=history.notes,
    )


def forget(folder: Path) -> None:
    """Nothing of a finished run stays on disk but its report."""
    shutil.rmtree(folder, ignore_errors=True)
