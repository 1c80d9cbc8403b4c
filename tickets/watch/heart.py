"""Writes the worker's signs of life, from a thread that does nothing else."""

from __future__ import annotations

import os
import socket
import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from tickets.background.lanes import LANES, Lane
from tickets.watch.models import FORGOTTEN, Beat

STARTED_AT = datetime.now(UTC)


def name_of(lane: Lane) -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{lane.name}"


def beat() -> None:
    """One row for each lane of this process, in one statement."""
    ahead = seconds_ahead()
    off = timedelta(seconds=ahead)
    rows = [
        Beat(
            name=name_of(lane),
            lane=lane.name,
            started_at=STARTED_AT,
            seen_at=timezone.now() - off,
            moved_at=datetime.fromtimestamp(lane.moved_at, UTC) - off,
            doing="{1} {0}".format(*job) if (job := lane.job) else "",
            clock_ahead=ahead,
        )
        for lane in LANES.values()
    ]
    Beat.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at", "moved_at", "doing", "clock_ahead"],
    )


def sign_off() -> None:
    """This process ends as it should: nobody need look for it."""
    Beat.objects.filter(name__in=[name_of(lane) for lane in LANES.values()]).delete()


def forget_old() -> None:
    Beat.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN).delete()


def seconds_ahead() -> float:
    """How far this machine's clock is ahead of the database's, in seconds; 0 where both are one."""
    if connection.vendor != "postgresql":
        return 0.0
    asked = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        told = float(cursor.fetchone()[0])
    return (asked + time.time()) / 2 - told
