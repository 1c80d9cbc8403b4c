"""Bring your own tickets."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.learning.importing import COLUMNS, ImportFileError, Rejects, Tally, import_file
from triage.models import Mode


class Command(BaseCommand):
    help = (
        "Import past tickets from a CSV or JSONL file with the columns "
        f"{', '.join(COLUMNS)} (body and requester_email are required). Safe to run twice: a ticket with the same "
        "external_id is saved once. Rows that cannot be taken go to a rejects file with the reason. "
        "Tickets with an intent become training examples; run train_triage afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv (UTF-8, with header) or .jsonl file")
        parser.add_argument(
            "--rejects", type=Path, help="where rejected rows go (default: FILE.rejects.jsonl)"
        )
        parser.add_argument(
            "--mode", choices=Mode.values, default=Mode.SUGGEST, help="mode of intents that are new (suggest)"
        )

    def handle(self, *args: Any, file: Path, rejects: Path | None, mode: str, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"{file} is not there or not a file.")
        aside = Rejects(rejects or file.with_name(f"{file.name}.rejects.jsonl"))
        if aside.path.resolve() == file.resolve():
            raise CommandError("--rejects names the file that is to be imported. Name another one.")
        started, tally = time.monotonic(), Tally()
        try:
            for tally in import_file(file, aside, mode=Mode(mode)):
                self.progress(tally)
        except ImportFileError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file}: {error}") from error
        finally:
            aside.close()
        self.stdout.write(
            f"{tally.saved} tickets imported, {tally.known} were here already, {tally.rejected} rejected, "
            f"{tally.intents} new intents, in {time.monotonic() - started:.1f} s."
        )
        if tally.rejected:
            self.stdout.write(self.style.WARNING(f"Rejected rows with reasons: {aside.path}"))
        if tally.read == 0:
            raise CommandError(f"{file} holds no rows.")
        if tally.rejected == tally.read:
            raise CommandError("No row could be taken.")

    def progress(self, tally: Tally) -> None:
        self.stderr.write(
            f"\r{tally.read} rows read, {tally.saved} saved, {tally.rejected} rejected", ending=""
        )
        self.stderr.write("", ending="\n" if tally.read % 500 else "")
