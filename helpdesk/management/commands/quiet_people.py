"""How many customers a rule of RETENTION_DAYS would erase. Erases nobody."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tickets.models import Ticket
from tickets.own_data import quiet


class Command(BaseCommand):
    help = (
        "Count the customers of whom nothing was heard for so many days: all their tickets are closed and untouched, "
        "and nobody logged in to their account. RETENTION_DAYS has the worker erase them. Erases nobody itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("days", type=int, nargs="?", default=None, help="days (those of RETENTION_DAYS)")

    def handle(self, *args: Any, days: int | None, **options: Any) -> None:
        days = settings.RETENTION_DAYS if days is None else days
        if days < 1:
            raise CommandError(
                "RETENTION_DAYS is not set, so nobody is erased. Name a number of days: quiet_people 730."
            )
        addresses = quiet.quiet_addresses(days)
        tickets = Ticket.objects.filter(requester_email__in=addresses).count()
        accounts = quiet.quiet_accounts(days).count()
        self.stdout.write(
            f"Nothing was heard for {days} days of {addresses.count()} customers with {tickets} tickets,"
        )
        self.stdout.write(f"and of {accounts} accounts without a ticket.")
        if settings.RETENTION_DAYS:
            self.stdout.write(f"The worker erases whoever was quiet for {settings.RETENTION_DAYS} days.")
        else:
            self.stdout.write("They are kept: RETENTION_DAYS is not set.")
