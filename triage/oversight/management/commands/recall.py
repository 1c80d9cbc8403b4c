"""Take automatic answers back from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from tickets.background import jobs
from triage.models import Answer, Intent, ModelVersion, Rule
from triage.oversight import recall
from triage.oversight.recall import RecallItem, Wanted


class Command(BaseCommand):
    help = (
        "Find the tickets that an answer, model, rule, intent or span of time has touched, and take the automatic "
        "answers back: reopen, assign, and send a corrected text once to each person. Without --go it only counts."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--answer", type=int, metavar="ID")
        parser.add_argument("--model", type=int, metavar="ID")
        parser.add_argument("--rule", type=int, metavar="ID")
        parser.add_argument("--intent", default="", metavar="CODE")
        parser.add_argument("--since", metavar="TIME", help="for instance 2026-03-01T08:00")
        parser.add_argument("--until", metavar="TIME", help="the moment itself is not within")
        parser.add_argument("--text", type=Path, metavar="FILE", help="what is sent to each person")
        parser.add_argument("--assign", metavar="E-MAIL", help="who gets the tickets")
        parser.add_argument("--by", metavar="E-MAIL", help="the supervisor who does it; needed with --go")
        parser.add_argument("--go", action="store_true", help="do it, here and now")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = self.wanted(options)
        if wanted.is_empty:
            raise CommandError(
                "Name what to take back: --answer, --model, --rule, --intent, --since or --until."
            )
        tickets = wanted.decisions().values("ticket").distinct().count()
        self.stdout.write(f"{tickets} tickets were answered so.")
        if not options["go"]:
            self.stdout.write("Nothing was done. Add --go, --by and, if you want to write to them, --text.")
            return
        self.take_back(wanted, options)

    def take_back(self, wanted: Wanted, options: dict[str, Any]) -> None:
        by = self.person(options["by"], "--by")
        if by is None or not by.is_supervisor:
            raise CommandError("--by needs the address of a supervisor.")
        try:
            text = options["text"].read_text(encoding="utf-8") if options["text"] else ""
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['text']} cannot be read: {error}") from error
        begun = recall.begin(wanted, by=by, text=text, assignee=self.person(options["assign"], "--assign"))
        total = begun.items.count()
        while left := begun.items.filter(state=RecallItem.State.WAITING).count():
            self.stderr.write(f"{total - left} of {total} …")
            recall.perform(begun.pk)
        recall.perform(begun.pk)
        jobs.Job.objects.filter(kind=recall.KIND, subject_id=begun.pk, finished_at=None).update(
            finished_at=timezone.now()
        )
        words = dict(RecallItem.State.choices)
        for state, count in begun.report().items():
            self.stdout.write(f"{count} {words[state].lower()}")

    def wanted(self, options: dict[str, Any]) -> Wanted:
        if options["intent"] and not Intent.objects.filter(slug=options["intent"]).exists():
            raise CommandError(f"There is no intent {options['intent']}.")
        return Wanted(
            answer=self.row(Answer, options["answer"]),
            model=self.row(ModelVersion, options["model"]),
            rule=self.row(Rule, options["rule"]),
            intent=options["intent"],
            since=self.moment(options["since"]),
            until=self.moment(options["until"]),
        )

    def row(self, model: Any, pk: int | None) -> Any:
        if pk is None:
            return None
        found = model.objects.filter(pk=pk).first()
        if found is None:
            raise CommandError(f"There is no {model._meta.verbose_name} {pk}.")
        return found

    def moment(self, said: str | None) -> datetime | None:
        if not said:
            return None
        try:
            found = parse_datetime(said if "T" in said or " " in said else f"{said}T00:00")
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"{said} is no time. Write for instance 2026-03-01T08:00.")
        return found if timezone.is_aware(found) else timezone.make_aware(found)

    def person(self, address: str | None, option: str) -> User | None:
        if not address:
            return None
        found: User | None = User.objects.staff().with_email(address).first()
        if found is None:
            raise CommandError(f"{option}: there is no agent {address}.")
        return found
