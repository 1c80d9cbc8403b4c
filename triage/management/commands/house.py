"""The facts of the house on the command line: see, say and check them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from triage.answers import facts, house
from triage.learning.pack import PackError, read_yaml
from triage.models import Answer, Mode


class Command(BaseCommand):
    help = "The facts that answers need and only the house can tell: list, get, set, import, check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="list|get|set|import|check")
        language = ArgumentParser(add_help=False)
        language.add_argument(
            "--language", default=settings.TRIAGE_LANGUAGE, help="of facts that are written in words"
        )
        steps.add_parser("list", parents=[language], help="every fact with its value")
        get = steps.add_parser("get", parents=[language], help="one fact as a customer reads it")
        get.add_argument("key")
        put = steps.add_parser("set", parents=[language], help="say one fact; an empty value takes it back")
        put.add_argument("key")
        put.add_argument("value")
        file = steps.add_parser("import", parents=[language], help="all facts of a YAML file, or none")
        file.add_argument(
            "file", type=Path, metavar="FILE.yaml", help="key: value, or key: {language: value}"
        )
        steps.add_parser(
            "check", help="which answers lack which facts; fails if an answer that is on Auto lacks one"
        )

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{step}")(**options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def do_list(self, *, language: str, **options: Any) -> None:
        known = facts.current()
        for fact in house.FACTS:
            said = known.wording(fact.key, language)
            self.stdout.write(f"{fact.key:20} {fact.kind:13} {said if said is not None else '–'}")

    def do_get(self, *, key: str, language: str, **options: Any) -> None:
        fact, tag = facts.place(key, language)
        said = facts.current().wording(fact.key, language)
        if said is None:
            where = f" in “{tag}”" if tag else ""
            raise CommandError(f"The house has not said {key}{where}. {fact.question}")
        self.stdout.write(said)

    def do_set(self, *, key: str, value: str, language: str, **options: Any) -> None:
        changed = facts.set_fact(key, value, language=language, by=None)
        self.stdout.write("Kept." if changed else "It is so already.")

    def do_import(self, *, file: Path, language: str, **options: Any) -> None:
        try:
            content = read_yaml(file)
        except (PackError, OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        changed = facts.set_all(content, language=language, by=None)
        self.stdout.write(f"{changed} facts are new or different.")

    def do_check(self, **options: Any) -> None:
        known = facts.current()
        held_back = 0
        answers = Answer.objects.filter(state=Answer.State.APPROVED).select_related("intent")
        for answer in answers.order_by("intent__slug", "language"):
            missing = answer.missing_facts(known)
            if missing:
                is_auto = answer.intent.mode_in(answer.language) == Mode.AUTO
                held_back += is_auto
                keys = ", ".join(fact.key for fact in missing)
                mark = " (on Auto)" if is_auto else ""
                self.stdout.write(f"{answer.intent.slug} [{answer.language}]{mark}: {keys}")
        if held_back:
            raise CommandError(f"{held_back} answers are on Auto but lack facts: agents get them as drafts.")
        self.stdout.write("No answer that is on Auto lacks a fact.")
