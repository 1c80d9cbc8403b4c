"""The embedded database under fire: writers and a worker that are killed in the middle, again and again.

    python -m tests.chaos.files WRITERS TICKETS_EACH KILLS SEED     what was acknowledged, as JSON

They are forked, so that one which was killed is back at once and there is always somebody writing.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from tests.chaos.clients import address_of, body_of  # noqa: E402
from tickets.background import jobs  # noqa: E402
from tickets.intake.once import submit_once  # noqa: E402
from tickets.intake.submit import Submission  # noqa: E402
from triage.running import pipeline  # noqa: E402, F401  # loaded once, before the first fork

FORK = multiprocessing.get_context("fork")


def key_of(writer: int, number: int) -> str:
    return f"k{writer:02d}x{number:05d}"


def acknowledged(file: Path) -> dict[str, str]:
    """What the writers wrote down; the last line may have been cut by a kill."""
    lines = [line.split() for line in file.read_text().split("\n")[:-1]] if file.exists() else []
    return {line[0]: line[1] for line in lines if len(line) == 2}


def write(writer: int, each: int, file: Path) -> None:
    """Send what was not acknowledged yet; note each one after it is committed and judged."""
    known = acknowledged(file)
    notes = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in range(each):
        key = key_of(writer, number)
        if key not in known:
            ticket, _ = submit_once(
                Submission(
                    subject="", body=body_of(number, key), guest_email=address_of(key), external_id=key
                )
            )
            os.write(notes, f"{key} {ticket.reference}\n".encode())


def work() -> None:
    while True:
        jobs.sweep()
        jobs.run_due(50)
        jobs.beat()
        time.sleep(0.05)


def start(place: int, writers: int, each: int, file: Path) -> Any:
    process = (
        FORK.Process(target=write, args=(place, each, file)) if place < writers else FORK.Process(target=work)
    )
    process.start()
    return process


def main(writers: int, each: int, kills: int, seed: int) -> dict[str, Any]:
    connections.close_all()
    file, chance = Path(settings.VAR_DIR) / "acknowledged", random.Random(seed)
    running = [start(place, writers, each, file) for place in range(writers + 1)]
    killed = 0
    while killed < kills:
        time.sleep(chance.uniform(0.05, 0.4))
        place = chance.randrange(writers + 1)
        if running[place].is_alive():
            os.kill(running[place].pid, signal.SIGKILL)
            killed += 1
        running[place].join()
        running[place] = start(place, writers, each, file)
        if all(not one.is_alive() for one in running[:writers]):
            break
    failed = []
    for place, one in enumerate(running[:writers]):
        one.join(120)
        if one.exitcode:
            failed.append(f"writer {place} ended with {one.exitcode}")
    running[-1].kill()
    running[-1].join()
    keys = [key_of(place, number) for place in range(writers) for number in range(each)]
    return {"keys": keys, "acknowledged": acknowledged(file), "killed": killed, "failed": failed}


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:])), sys.stdout)
