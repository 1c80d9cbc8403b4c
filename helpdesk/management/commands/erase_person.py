"""Erase one person everywhere, and keep a receipt that names nobody."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

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
        self.stdout.write(json.dumps(receipt, indent=2))
