"""Check that nobody has changed the audit trail."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.oversight import trail


class Command(BaseCommand):
    help = (
        "Walk the sealed audit trail (Events and versions of the policy) from its beginning. Ends with 0 where every "
        "seal fits, with 1 where a row was edited, removed or put in; the first position that does not fit is named."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        broken = False
        for found in trail.check():
            broken = broken or found.broken is not None
            state = "whole" if found.broken is None else f"BROKEN at position {found.broken}"
            self.stdout.write(
                f"{found.name}: {found.sealed} sealed, {found.waiting} wait for their seal, {state}"
            )
        for table in trail.unprotected():
            self.stderr.write(f"{table} has lost its triggers; `manage.py migrate` sets them again.")
        if broken:
            raise CommandError("Somebody has changed the trail.", returncode=1)
