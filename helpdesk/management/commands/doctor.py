"""One command that says whether the house is well, for people and for whatever rings them."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from tickets.background.faults import describe
from tickets.watch.findings import Finding, Level, look, worst

WORDS = {Level.OK: "ok", Level.WARNING: "warning", Level.ALARM: "ALARM"}


class Command(BaseCommand):
    help = (
        "Say whether everything is well: database, model, work, worker, mail, disk, clock, broker. "
        "Exit code: 0 well, 1 something to look at, 2 alarm."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: one object a check")
        parser.add_argument("--quiet", action="store_true", help="say only what is not well")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine()
        shown = [one for one in findings if one.level or not options["quiet"]]
        if options["json"]:
            self.stdout.write(json.dumps([as_json(one) for one in shown], indent=2))
        for one in [] if options["json"] else shown:
            self.stdout.write(f"{WORDS[one.level]:<8} {one.name:<9} {one.words}")
            if one.level and one.advice:
                self.stdout.write(f"{'':<18} → {one.advice}")
        self.stdout.flush()
        if level := int(worst(findings)):
            sys.exit(level)


def examine() -> list[Finding]:
    """The database first: without it nothing else can be looked at."""
    try:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        advice = "Check DATABASE_URL, and that the server runs and lets this machine in."
        return [Finding("database", Level.ALARM, f"It does not answer: {describe(error)}.", advice)]
    if missing:
        words = f"{missing} migrations are not applied."
        return [Finding("database", Level.ALARM, words, "Run manage.py migrate.")]
    return [Finding("database", Level.OK, "It answers and is up to date."), *look()]


def as_json(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.name, "level": finding.level.name.lower(), "words": finding.words, "advice": finding.advice,
    }  # fmt: skip
