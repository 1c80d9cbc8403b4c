"""How fast another help desk's tickets move in: ``python -m benchmarks.moving_in 10000`` (on the database of DATABASE_URL).

Writes tickets of three messages and two tags each as Zendesk's export has them, moves them in, and says how many a second.
The database should be an empty one: the tickets stay in it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from triage.moving.folder import Folder  # noqa: E402
from triage.moving.taking import Taking  # noqa: E402
from triage.moving.zendesk import Zendesk  # noqa: E402

WORDS = [
    "kettle",
    "refund",
    "parcel",
    "label",
    "order",
    "broken",
    "late",
    "return",
    "invoice",
    "address",
    "lid",
    "water",
    "colour",
    "shoes",
    "jacket",
    "size",
    "card",
]


def written(folder: Path, number: int) -> None:
    lot = random.Random(7)
    with (folder / "tickets.jsonl").open("w") as file:
        for ticket in range(number):
            said = [" ".join(lot.choices(WORDS, k=40)) for _ in range(3)]
            row = {
                "id": ticket, "subject": " ".join(lot.choices(WORDS, k=5)), "status": "solved", "requester_id": 1,
                "requester": {"id": 1, "name": "Rita Moor", "email": f"rita{ticket % 5000}@example.com"},
                "created_at": f"2026-03-01T10:{ticket % 60:02}:00Z", "tags": [lot.choice(WORDS), lot.choice(WORDS)],
                "comments": [
                    {"author_id": 1 if place != 1 else 2, "plain_body": words, "public": True, "created_at": f"2026-03-01T1{place + 1}:00:00Z"}
                    for place, words in enumerate(said)
                ],
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        written(Path(name), number)
        system = Zendesk()
        taking = Taking(system, Folder(system, Path(name)), dry=False, left=None)
        began = time.monotonic()
        for tally in taking.tickets():
            print(f"\r{tally.tickets}", end="", file=sys.stderr)
        seconds = time.monotonic() - began
    rate = taking.tally.tickets / seconds
    print(
        f"\n{taking.tally.tickets} tickets in {seconds:.1f} s: {rate:.0f} a second; 100,000 in {100_000 / rate / 60:.1f} min"
    )


if __name__ == "__main__":
    main()
