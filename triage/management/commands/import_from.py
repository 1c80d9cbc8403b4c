"""Move in from another help desk."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from tickets.errors import TicketError
from triage.moving.api import Api
from triage.moving.folder import Folder
from triage.moving.freescout import FreeScout, HelpScout
from triage.moving.freshdesk import Freshdesk
from triage.moving.osticket import OsTicket
from triage.moving.records import Broken, Reader, System, Tally
from triage.moving.taking import Taking
from triage.moving.zammad import Zammad
from triage.moving.zendesk import Zendesk

SYSTEMS: Final[dict[str, Callable[[], System]]] = {
    "zendesk": Zendesk,
    "freshdesk": Freshdesk,
    "zammad": Zammad,
    "osticket": OsTicket,
    "freescout": FreeScout,
    "helpscout": HelpScout,
}
TOKEN: Final = "IMPORT_TOKEN"  # noqa: S105  # the name of the variable


class Command(BaseCommand):
    help = (
        "Move tickets with their conversations, people, tags and files, macros and articles in from another help desk: from "
        "a folder of export files, or with --url from its API (the key in the environment as IMPORT_TOKEN). Without --yes "
        "everything is read and checked and nothing is written. Safe to stop and to run again: what is here already is not "
        "asked for again. docs/moving-in.md tells what each system gives."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", choices=sorted(SYSTEMS))
        parser.add_argument("source", type=Path, nargs="?", help="the folder with the export's files")
        parser.add_argument(
            "--url", help="instead of a folder: the system's address, such as https://example.zendesk.com"
        )
        parser.add_argument("--yes", action="store_true", help="write; without it this is a dry run")
        parser.add_argument(
            "--internal-host",
            action="append",
            default=[],
            metavar="HOST",
            help="a private host that --url may name",
        )
        parser.add_argument(
            "--label-tag", default="", metavar="PREFIX", help="a tag that begins so names the ticket's intent"
        )
        parser.add_argument("--no-files", action="store_true", help="leave attachments behind")
        parser.add_argument(
            "--left", type=Path, help="where what is left behind is listed (SYSTEM.left.jsonl)"
        )

    def handle(
        self, *args: Any, system: str, source: Path | None, url: str | None, yes: bool, internal_host: list[str],
        label_tag: str, no_files: bool, left: Path | None, **options: Any,
    ) -> None:  # fmt: skip
        wanted = SYSTEMS[system]()
        started = time.monotonic()
        taking = None
        try:
            reader = self.reader(wanted, source, url, internal_host)
            place = left or Path(f"{system}.left.jsonl")
            taking = Taking(
                wanted, reader, dry=not yes, left=place, label_tag=label_tag, with_files=not no_files
            )
            for tally in taking.tickets():
                self.progress(tally)
            taking.macros()
            taking.articles()
        except (Broken, TicketError) as error:
            raise CommandError(
                f"{error} What was moved until now stays; the same command goes on from there."
            ) from error
        finally:
            if taking is not None:
                taking.left.close()
        self.tell(taking, time.monotonic() - started)

    def reader(self, system: System, source: Path | None, url: str | None, internal: list[str]) -> Reader:
        if (source is None) == (url is None):
            raise CommandError("Give the folder of an export, or --url, and not both.")
        if source is not None:
            return Folder(system, source)
        if not system.listings:
            raise CommandError(
                f"{system.name} has no API to read tickets with. Give a folder; docs/moving-in.md says how to write it."
            )
        token = os.environ.get(TOKEN, "")
        if not token:
            raise CommandError(f"Put the key of {system.name}’s API into the environment as {TOKEN}.")
        return Api(system, url or "", token, internal=internal, wait=self.wait)

    def wait(self, seconds: float) -> None:
        self.stderr.write(f"\nThe other side asks for a pause of {seconds:.0f} s …")
        time.sleep(seconds)

    def progress(self, tally: Tally) -> None:
        self.stderr.write(
            f"\r{tally.read} tickets read, {tally.tickets} moved, {tally.known} were here already", ending=""
        )

    def tell(self, taking: Taking, seconds: float) -> None:
        tally, verb = taking.tally, "would be moved" if taking.dry else "moved"
        self.stderr.write("")
        self.stdout.write(
            f"{tally.tickets} tickets with {tally.messages} messages {verb}, {tally.known} were here already; {tally.tags} tags, "
            f"{tally.files} files, {tally.macros} macros, {tally.articles} articles (drafts); in {seconds:.1f} s."
        )
        for reason, number in taking.tally.left.most_common():
            self.stdout.write(f"  left behind, {number} × {reason}")
        if taking.tally.left and taking.left.path:
            self.stdout.write(f"Each of them is listed in {taking.left.path}.")
        if taking.dry:
            self.stdout.write("This was a dry run: nothing was written. The same with --yes moves them in.")
        elif tally.read == 0 and not tally.left:
            raise CommandError("The source holds no tickets.")
        else:
            self.stdout.write(
                "Next: what would have been answered? manage.py backtest --months 6 "
                "(of tickets whose intent is named: --label-tag, or corrections at the desk)."
            )
