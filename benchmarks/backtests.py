"""Data sets tried as if they were a house's history: ``manage.py backtest`` on each, with its figures and times.

    python -m benchmarks.backtests banking77 it_tickets both

The file of it_tickets is taken in its own order. That of banking77 is sorted by intent, so that its newest fifth would
hold nothing that its oldest four fifths know; it is shuffled by a seed first. ``both`` is the two in one history of
50,003 tickets, shuffled together.
"""

from __future__ import annotations

import csv
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.served import data_file, fresh_product

SEED = 0
SETS = {
    "banking77": (("banking77/train.csv",), True),
    "it_tickets": (("it_tickets/train.csv",), False),
    "both": (("banking77/train.csv", "it_tickets/train.csv"), True),
}


def write_history(name: str, target: Path) -> int:
    """A file as ``import_tickets`` takes it; returns how many tickets are in it."""
    sources, shuffled = SETS[name]
    rows: list[tuple[str, str]] = []
    for source in sources:
        with data_file(source).open(newline="") as stream:
            rows += [(row["text"], row["intent"]) for row in csv.DictReader(stream)]
    if shuffled:
        random.Random(SEED).shuffle(rows)
    with target.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("external_id", "body", "requester_email", "intent"))
        writer.writerows(
            (number, text, f"p{number}@example.org", intent) for number, (text, intent) in enumerate(rows)
        )
    return len(rows)


def _cpu_seconds() -> float:
    """Of all processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(names: list[str]) -> None:
    unknown = set(names) - set(SETS)
    if unknown or not names:
        sys.exit(f"Name some of {', '.join(SETS)}.")
    with fresh_product() as product, tempfile.TemporaryDirectory() as folder:
        product.manage("migrate", "--verbosity", "0")
        for name in names:
            file = Path(folder) / f"{name}.csv"
            count = write_history(name, file)
            began, worked = time.monotonic(), _cpu_seconds()
            said = product.manage("backtest", str(file), "--out", str(Path(folder) / f"{name}.html"))
            taken = time.monotonic() - began
            print(f"{name}: {count:,} tickets in {taken:.0f} s ({_cpu_seconds() - worked:.0f} s of CPU)")
            print(said, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
