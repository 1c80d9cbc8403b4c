"""Is what comes in still mixed as it was? From the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from triage.oversight import drift, ladder
from triage.oversight.drift import Kept, Stream

ACTIONS = ("status", "accept")
SHOWN = 3


class Command(BaseCommand):
    help = (
        "`status` compares the latest whole weeks of what came in (languages, length, known or not, intents) with the "
        "reference; it ends with 0 where nothing differs and with 3 where there is a warning. `accept` says that this "
        "is how it is now: the reference is taken anew. Automatic answers go on in either case."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=ACTIONS, default="status")
        parser.add_argument("--why", default="", metavar="TEXT", help="what has changed; needed to accept")
        parser.add_argument("--by", metavar="E-MAIL", help="the supervisor who accepts it")

    def handle(self, *args: Any, action: str, why: str, by: str | None, **options: Any) -> None:
        if action == "accept":
            try:
                begun = drift.accept(by=_supervisor(by), why=why)
            except ladder.Refused as refused:
                raise CommandError(str(refused)) from refused
            self.stdout.write(f"The reference begins anew on {begun.first}.")
            return
        found = drift.stream()
        self.stdout.write(windows(found))
        for kept in found.kinds:
            self.stdout.write(line(kept))
        if found.warnings:
            raise SystemExit(3)


def windows(found: Stream) -> str:
    if found.reference is None or found.latest is None:
        return f"Nothing to compare yet: it takes {drift.REFERENCE_AT_LEAST + drift.LATEST_DAYS[0]} finished days."
    then, now = found.reference, found.latest
    return f"{now.first} to {now.last} compared with {then.first} to {then.last}"


def line(kept: Kept) -> str:
    found = kept.comparison
    if found is None:
        return f"{kept.kind.label}: too little to tell"
    state = "WARNING" if kept.warns else "as before"
    moved = ", ".join(
        f"{part.value or '(none)'} {part.then:.1%} → {part.now:.1%}" for part in found.parts[:SHOWN]
    )
    return f"{kept.kind.label}: {state}; most moved: {moved}"


def _supervisor(address: str | None) -> User:
    found: User | None = User.objects.staff().with_email(address or "").first()
    if found is None or not found.is_supervisor:
        raise CommandError(
            f"--by needs the address of a supervisor; there is no supervisor {address or '–'}."
        )
    return found
