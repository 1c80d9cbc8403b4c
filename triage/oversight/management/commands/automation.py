"""Stop and resume all automatic answers from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from triage.models import Intent
from triage.oversight import switch

ACTIONS = ("stop", "resume", "status")


class Command(BaseCommand):
    help = (
        "Stop all automatic answers of the house at once, resume them, or tell how it stands. The modes of the "
        "intents are kept. `status` ends with 0 where automatic answers may be sent and with 3 where they are stopped."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("--why", default="", metavar="TEXT", help="kept with the switch, for supervisors")

    def handle(self, *args: Any, action: str, why: str, **options: Any) -> None:
        if action != "status":
            changed = switch.set_stopped(action == "stop", by=None, why=why)
            if not changed:
                self.stdout.write("Nothing changed.")
        now = switch.state()
        automated = Intent.objects.automated().count()
        if not now.stopped:
            self.stdout.write(f"Automatic answers are on: {automated} intents are on Auto.")
            return
        who = now.by or "the command line"
        since = timezone.localtime(now.at)
        because = f": {now.why}" if now.why else ""
        self.stdout.write(
            f"All automatic answers are stopped since {since:%Y-%m-%d %H:%M} by {who}{because}. "
            f"{automated} intents go on by themselves after `automation resume`."
        )
        if action == "status":
            raise SystemExit(3)
