"""Check that stored decisions are what their model version still says."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from tickets.references import read_reference
from triage.learning.replay import Outcome, Replay, Replayer
from triage.models import Decision, ModelVersion

LAST = 100
TOLD_EVERY = 1.0  # seconds between two lines of progress
DIGITS = 19  # what has more is no id in any database


class Command(BaseCommand):
    help = (
        "Replay stored decisions with their own model version, rules and circumstances, and compare every field. "
        "Writes nothing. Ends with 0 if nothing differs, be it that an older reading of texts decided otherwise, "
        "1 if a decision differs (the field is named), "
        "2 if there was nothing that could be replayed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "decisions", nargs="*", metavar="ID|REFERENCE", help="ids of decisions or references of tickets"
        )
        parser.add_argument(
            "--last", type=int, metavar="N", help=f"the newest N ({LAST} if no decision is named)"
        )
        parser.add_argument("--model", type=int, metavar="VERSION", help="only those made by this version")

    def handle(
        self, *args: Any, decisions: list[str], last: int | None, model: int | None, **options: Any
    ) -> None:
        rows = self.chosen(decisions, last, model)
        replayer, outcomes = Replayer(), Counter[Outcome]()
        started = told = time.monotonic()
        for number, decision in enumerate(rows.iterator(chunk_size=200), start=1):
            found = replayer.replay(decision)
            outcomes[found.outcome] += 1
            self.tell(found)
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                self.stderr.write(f"{number} replayed …")
        summary = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in Outcome)
        self.stdout.write(f"{summary}, in {time.monotonic() - started:.1f} s.")
        if outcomes[Outcome.DIFFERENT]:
            raise CommandError("Decisions differ from what they were made from.", returncode=1)
        if outcomes.total() == outcomes[Outcome.IMPOSSIBLE]:
            raise CommandError("No decision could be replayed.", returncode=2)

    def chosen(self, named: list[str], last: int | None, model: int | None) -> QuerySet[Decision]:
        rows = Decision.objects.select_related("ticket", "model_version").order_by("-id")
        if last is not None and last < 1:
            raise CommandError("--last needs a number from 1.", returncode=2)
        if model is not None:
            if not ModelVersion.objects.filter(pk=model).exists():
                raise CommandError(f"There is no model version {model}.", returncode=2)
            rows = rows.filter(model_version=model)
        if named:
            rows = rows.filter(pk__in=[pk for name in named for pk in self.known(name)])
        return rows if named and last is None else rows[: last or LAST]

    def known(self, name: str) -> list[int]:
        """The decisions that an id or a ticket's reference names."""
        by_id = name.isdecimal() and len(name) < DIGITS
        named = Q(pk=int(name)) if by_id else Q(ticket__reference=read_reference(name))
        found = list(Decision.objects.filter(named).values_list("pk", flat=True))
        if not found:
            raise CommandError(f"There is no decision {name}.", returncode=2)
        return found

    def tell(self, found: Replay) -> None:
        """A line for whatever is not identical."""
        decision = found.decision
        if found.outcome is Outcome.IDENTICAL:
            return
        said = "; ".join([*map(str, found.differences), *filter(None, [found.note])])
        style = self.style.ERROR if found.outcome is Outcome.DIFFERENT else self.style.WARNING
        self.stdout.write(
            style(f"Decision {decision.pk} ({decision.ticket.reference}) {found.outcome}: {said}")
        )
