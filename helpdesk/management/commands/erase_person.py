"""Erase one person everywhere, and keep a receipt that names nobody."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import privacy


class Command(BaseCommand):
    help = (
        "Erase one person: account, sessions, tickets' words, files, mail, examples. Rows that figures and the audit "
        "trail stand on stay, without a name. Cannot be undone. Prints the receipt and keeps it in VAR_DIR/receipts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the person's e-mail address")
        parser.add_argument("--yes", action="store_true", help="do it; without it only say what is there")

    def handle(self, *args: Any, address: str, yes: bool, **options: Any) -> None:
        person = privacy.find(address)
        if not yes:
            for app, kinds in privacy.export(person).items():
                for kind, rows in kinds.items():
                    self.stdout.write(f"{app:<10} {kind:<12} {len(rows)}")
            self.stdout.write("Nothing was erased. Add --yes to erase it for good.")
            return
        try:
            receipt = privacy.erase(person)
        except privacy.CannotErase as error:
            raise CommandError(str(error)) from error
        erase_mail_files(person)
        written = json.dumps(receipt, indent=2)
        folder = Path(settings.VAR_DIR) / "receipts"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / f"{receipt['at'].replace(':', '')}.json").write_text(written)
        self.stdout.write(written)


def erase_mail_files(person: privacy.Person) -> None:
    """Where mail is written to files instead of being sent, those that name the person."""
    needle = person.address.encode()
    for file in Path(settings.EMAIL_FILE_PATH).glob("*"):
        if file.is_file() and needle in file.read_bytes().lower():
            file.unlink()
