"""Measure the engine, or what is installed here, on labelled texts, without touching a database row."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from triage.core.errors import CoreError
from triage.core.evaluation import Row, evaluate, read_examples
from triage.instruments import installed
from triage.running.runtime import EngineSlow, EngineUnavailable
from triage.running.sentence_encoder import configured_encoder

Figures = Mapping[str, Any]
COLUMNS = ("text", "intent", "confidence", "action", "reason")


class Command(BaseCommand):
    help = (
        "Train on one CSV file, judge another, and report. Or, with --installed, judge a file as new tickets would be "
        "judged here: by the champion, rules, guards, modes, answers and gates of this installation. The files have the "
        "header text,intent; an empty intent means that a person must answer. A text may be a whole mail and begin "
        "with a line 'Subject: …'. Nothing is written to the database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--train", type=Path, metavar="A.csv", help="labelled texts to train on")
        parser.add_argument(
            "--installed", action="store_true", help="judge by what is installed here instead of training"
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
        if options["installed"] == (options["train"] is not None):
            raise CommandError("Give either --train A.csv or --installed.")
        try:
            rows, figures = self.judge_installed(options) if options["installed"] else self.train(options)
        except (CoreError, EngineUnavailable, EngineSlow) as error:
            raise CommandError(str(error)) from error
        if options["predictions"]:
            self.write_predictions(rows, options["predictions"])
        self.stdout.write(json.dumps(figures, indent=2) if options["json"] else as_lines(figures))

    def train(self, options: Mapping[str, Any]) -> tuple[Sequence[Row], Figures]:
        train, test = (list(read_examples(options[name])) for name in ("train", "test"))
        self.stderr.write(f"Training on {len(train)} texts, then judging {len(test)} …")
        evaluation = evaluate(
            train,
            test,
            threshold=settings.TRIAGE_THRESHOLD,
            seed=options["seed"],
            encoder=configured_encoder(),
        )
        return evaluation.rows, evaluation.summary()

    def judge_installed(self, options: Mapping[str, Any]) -> tuple[Sequence[Row], Figures]:
        test = list(read_examples(options["test"]))
        if not test:
            raise CommandError(f"{options['test']} holds no text to judge.")
        self.stderr.write(f"Judging {len(test)} texts by what is installed …")
        judged = installed.judge(test, progress=self.tell_progress)
        return judged.rows, judged.summary()

    def tell_progress(self, done: int, total: int) -> None:
        self.stderr.write(f"{done} of {total} …")

    def write_predictions(self, rows: Sequence[Row], file: Path) -> None:
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(COLUMNS)
                for row in rows:
                    confidence = f"{row.confidence:.6f}"
                    writer.writerow([row.text, row.intent or "", confidence, row.action, row.reason])
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error


def as_lines(figures: Figures) -> str:
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    width = max(len(name) for name in plain)
    lines = [
        f"{name:<{width}}  {'–' if value is None else format(value, '.4g')}" for name, value in plain.items()
    ]
    for reason, count in figures.get("reasons", {}).items():
        lines.append(f"  {count:>6}  {reason}")
    return "\n".join(lines)
