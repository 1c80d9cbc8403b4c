"""Bring the database, static files, starter pack and model up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk import preparation
from triage.core.errors import CoreError
from triage.learning import train as learning
from triage.learning.pack import PackError


def train_here(tell: preparation.Tell) -> None:
    learning.train(tell=tell)


class Command(BaseCommand):
    help = (
        "Migrate, collect static files, load the starter pack and train the first model where that has not been "
        "done. Safe to repeat; quick when there is nothing to do."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            preparation.prepare(self.stdout.write, train=train_here)
        except (CoreError, PackError) as error:
            raise CommandError(str(error)) from error
