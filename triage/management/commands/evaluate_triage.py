"""Measure the engine on labelled texts, without touching a database row."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from triage.core.errors import CoreError
from triage.core.evaluation import Evaluation, evaluate, read_examples
from triage.running.sentence_encoder import configured_encoder

COLUMNS = ("text", "intent", "confidence", "action", "reason")


class Command(BaseCommand):
    help = (
        "Train on one CSV file, judge another, and report. Both have the header text,intent; an empty intent means "
        "out of scope. Nothing is read from or written to the database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--train", type=Path, required=True, metavar="A.csv", help="labelled texts to train on"
        )
        parser.add_argument(
            "--test", type=Path, required=True, metavar="B.csv", help="labelled texts to judge"
        )
        parser.add_argument(
            "--predictions", type=Path, metavar="OUT.csv", help=f"write {','.join(COLUMNS)} per test row"
        )
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument("--seed", type=int, default=0, help="same files and seed, same figures (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            train, test = (list(read_examples(options[name])) for name in ("train", "test"))
            self.stderr.write(f"Training on {len(train)} texts, then judging {len(test)} …")
            evaluation = evaluate(
                train,
                test,
                threshold=settings.TRIAGE_THRESHOLD,
                seed=options["seed"],
                encoder=configured_encoder(),
            )
        except CoreError as error:
            raise CommandError(str(error)) from error
        if options["predictions"]:
            self.write_predictions(evaluation, options["predictions"])
        if options["json"]:
            self.stdout.write(json.dumps(evaluation.summary(), indent=2))
        else:
            self.stdout.write(as_lines(evaluation))

    def write_predictions(self, evaluation: Evaluation, file: Path) -> None:
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(COLUMNS)
                for row in evaluation.rows:
                    confidence = f"{row.confidence:.6f}"
                    writer.writerow([row.text, row.intent or "", confidence, row.action, row.reason])
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def as_lines(evaluation: Evaluation) -> str:
    figures = evaluation.summary()
    width = max(len(name) for name in figures)
    return "\n".join(
        f"{name:<{width}}  {'–' if value is None else format(value, '.4g')}"
        for name, value in figures.items()
    )
