"""The ladder from the command line: where each intent stands, steps up and down, and the second supervisor's yes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from triage.models import Intent, Mode
from triage.oversight import ladder, language_ladder
from triage.oversight.proof import Evidence

ACTIONS = ("show", "set", "confirm")
INHERIT = "inherit"


class Command(BaseCommand):
    help = (
        "`show` lists the intents with their modes and evidence, or one of them with its languages. `set INTENT MODE` "
        "takes a step: Auto needs the evidence, or --why and another supervisor's `confirm INTENT`. With --language "
        f"the step counts for that language alone, and the mode `{INHERIT}` lets the intent's count again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("intent", nargs="?", metavar="INTENT", help="its code")
        parser.add_argument("mode", nargs="?", choices=[*Mode.values, INHERIT])
        parser.add_argument("--language", metavar="TAG", help="for instance de")
        parser.add_argument(
            "--why", default="", metavar="TEXT", help="needed where the evidence is not enough"
        )
        parser.add_argument("--by", metavar="E-MAIL", help="the supervisor who does it")

    def handle(self, *args: Any, action: str, intent: str | None, **options: Any) -> None:
        if action == "show":
            self.show(self.intent(intent)) if intent else self.show_all()
            return
        if not intent:
            raise CommandError("Name the intent by its code.")
        found, by = self.intent(intent), self.supervisor(options["by"])
        try:
            said = self.step(found, by, options) if action == "set" else self.confirm(found, by, options)
        except ladder.Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(said)

    def step(self, intent: Intent, by: User, options: dict[str, Any]) -> str:
        mode, language, why = options["mode"], options["language"], options["why"]
        if mode is None or (mode == INHERIT and not language):
            raise CommandError(f"Name a mode: {', '.join(Mode.values)}; with --language also {INHERIT}.")
        if language:
            wanted = None if mode == INHERIT else Mode(mode)
            return language_ladder.set_mode(intent, language, wanted, by=by, why=why)
        return ladder.set_mode(intent, Mode(mode), by=by, why=why)

    def confirm(self, intent: Intent, by: User, options: dict[str, Any]) -> str:
        if options["language"]:
            return language_ladder.confirm(intent, options["language"], by=by)
        return ladder.confirm(intent, by=by)

    def show_all(self) -> None:
        intents = list(Intent.objects.select_related("standing").order_by("slug"))
        found = ladder.evidence_of(intent.slug for intent in intents)
        for intent in intents:
            self.stdout.write(line(intent.slug, Mode(intent.mode), ladder.ground(intent), found[intent.slug]))
        if not intents:
            self.stdout.write("There is no intent yet.")

    def show(self, intent: Intent) -> None:
        self.stdout.write(
            line(intent.slug, Mode(intent.mode), ladder.ground(intent), ladder.evidence(intent))
        )
        for rung in language_ladder.rungs_of(intent):
            ground = rung.ground if rung.is_own else "as the intent"
            self.stdout.write(line(f"  {rung.language}", rung.mode, ground, rung.evidence))

    def intent(self, slug: str) -> Intent:
        found: Intent | None = Intent.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no intent {slug}.")
        return found

    def supervisor(self, address: str | None) -> User:
        found: User | None = User.objects.staff().with_email(address or "").first()
        if found is None or not found.is_supervisor:
            raise CommandError(
                f"--by needs the address of a supervisor; there is no supervisor {address or '–'}."
            )
        return found


def line(name: str, mode: Mode, ground: str, found: Evidence) -> str:
    known = (
        f"{found.seen} seen, {found.wrong} wrong, at most {found.bound:.1%}" if found.seen else "nothing seen"
    )
    return f"{name}  {mode.word}  {ground + ', ' if ground else ''}{known}"
