"""``manage.py take_mail < message``: for the pipe of a mail server."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from tickets.channels.email.models import Mailbox
from tickets.channels.email.reading.parts import MOST_BYTES
from tickets.channels.email.taking import take

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and hands it over again


class Command(BaseCommand):
    help = (
        "Take over one mail from standard input and print one line of JSON: outcome, ticket, message, reason, text. "
        "Exits with 75 where the database is away, so that the mail server tries again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mailbox", default="", help="The mailbox's address; none: the first that is in use."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        try:
            row, taken = take(raw, mailbox_named(options["mailbox"]))
        except DatabaseError as error:
            raise CommandError(
                "The database is away. Hand the mail over again later.", returncode=TRY_AGAIN
            ) from error
        self.stdout.write(
            json.dumps(
                {
                    "outcome": row.outcome,
                    "ticket": row.ticket.reference if row.ticket else None,
                    "message": row.message_id,
                    "reason": row.reason,
                    "text": taken.text,
                },
                ensure_ascii=False,
            )
        )


def mailbox_named(address: str) -> Mailbox | None:
    if not address:
        return Mailbox.objects.in_use().first()
    mailbox = Mailbox.objects.filter(address__iexact=address).first()
    if mailbox is None:
        raise CommandError(f"There is no mailbox {address}. Set it up in the admin, or leave --mailbox out.")
    return mailbox
