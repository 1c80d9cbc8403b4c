"""Judges the database of an installation that was under fire, and whether the judge can be trusted.

    python -m tests.chaos.judge RECORD     what was found, as JSON

RECORD: {"keys": […], "acknowledged": {key: reference}, "mails": {address: [Message-ID, …]}}.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import django

django.setup()

from tests.chaos import controls  # noqa: E402
from tests.chaos.checker import Record, check  # noqa: E402
from tickets.models import Event, Status, Ticket  # noqa: E402

SHOWN = 12


def judge(record: Record) -> dict[str, Any]:
    found = check(record)
    return {
        "tickets": Ticket.objects.count(),
        "answered": Ticket.objects.filter(status=Status.AUTO_RESOLVED).count(),
        "events": Event.objects.count(),
        "faults": dict(Counter(fault.kind for fault in found)),
        "shown": [f"{fault.kind}: {fault.about}" for fault in found[:SHOWN]],
        "controls": len(controls.CONTROLS),
        "missed": controls.missed(record),
    }


if __name__ == "__main__":
    json.dump(judge(Record(**json.loads(Path(sys.argv[1]).read_text()))), sys.stdout)
