"""Close the house for maintenance, and open it again."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tickets.watch import maintenance
from tickets.watch.maintenance import Maintenance

MOST_MINUTES = 7 * 24 * 60


class Command(BaseCommand):
    help = (
        "Close the house for maintenance: everybody gets 503 and a page that says so, until it is opened again. "
        "Needs no database and no restart; each machine has its own. Exit code of status: 0 open, 1 closed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", choices=("on", "off", "status"))
        parser.add_argument("--minutes", type=int, help="with on: announce the end, and Retry-After from it")
        parser.add_argument(
            "--desk-open", action="store_true", help="with on: staff may log in and work in the admin"
        )

    def handle(self, *args: Any, do: str, minutes: int | None, desk_open: bool, **options: Any) -> None:
        if do != "on" and (minutes is not None or desk_open):
            raise CommandError("--minutes and --desk-open go with “on”.")
        if do == "on":
            self.stdout.write(in_words(maintenance.begin(end_after(minutes), desk_open=desk_open)))
        elif do == "off":
            self.stdout.write("The house is open." if maintenance.end() else "It was open already.")
        else:
            now = maintenance.state()
            self.stdout.write(in_words(now) if now else "The house is open.")
            self.stdout.flush()
            if now:
                raise SystemExit(1)


def end_after(minutes: int | None) -> datetime | None:
    if minutes is None:
        return None
    if not 1 <= minutes <= MOST_MINUTES:
        raise CommandError(f"--minutes: between 1 and {MOST_MINUTES}.")
    return timezone.now() + timedelta(minutes=minutes)


def in_words(now: Maintenance) -> str:
    whom = "all but staff" if now.desk_open else "everybody"
    since = f" since {now.since:%Y-%m-%d %H:%M %Z}" if now.since else ""
    until = f", until {now.until:%Y-%m-%d %H:%M %Z} as announced" if now.until else ""
    return f"The house is closed to {whom}{since}{until}. Open it: manage.py maintenance off"
