"""``manage.py mail_account``: mails in, and what became of them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tickets.channels.email.account import account


class Command(BaseCommand):
    help = "How many mails came, and what became of them. Exits with 1 where the sum does not add up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        known = account()
        if options["json"]:
            self.stdout.write(json.dumps({"total": known.total, **known.outcomes, "missing": known.missing}))
        else:
            for words, count in known.rows():
                self.stdout.write(f"{count:>9,}  {words}")
            self.stdout.write(f"{known.total:>9,}  mails in all")
        if known.missing:
            raise CommandError(f"{known.missing} mails are a ticket or reply that is not there.")
