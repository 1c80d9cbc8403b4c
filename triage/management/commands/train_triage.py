"""Train the model on the examples in the database."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.core.errors import CoreError
from triage.learning import train as learning


class Command(BaseCommand):
    help = (
        "Train a model on all active examples, build the index of similar tickets, and make both decide from "
        "the next ticket on (unless --no-promote). Running servers pick the new version up by themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=0, help="same data and seed, same model (0)")
        parser.add_argument("--no-promote", action="store_true", help="keep the current champion deciding")

    def handle(self, *args: Any, seed: int, no_promote: bool, **options: Any) -> None:
        started = time.monotonic()
        try:
            trained = learning.train(seed=seed, promote=not no_promote, tell=self.stdout.write)
        except CoreError as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{trained.version}: {trained.intents} intents from {trained.examples} examples, "
            f"{trained.indexed_tickets} resolved tickets indexed, in {seconds:.1f} s."
        )
        for name, value in sorted(trained.version.metrics.items()):
            if isinstance(value, int | float):
                self.stdout.write(f"  {name} {value:.4g}")
        if kept := trained.version.metrics.get("promise"):
            self.stdout.write(promise_line(kept))
        if trained.skipped_intents:
            self.stdout.write(
                self.style.WARNING(
                    "Too few examples, left to the keyword rules: " + ", ".join(trained.skipped_intents)
                )
            )
        self.stdout.write("It decides now." if not no_promote else "Not promoted: promote it in the admin.")


def promise_line(kept: dict[str, Any]) -> str:
    if kept["threshold"] is None:
        return (
            f"No threshold is proven to keep the error at {kept['target_error']:.1%} on {kept['sample_size']} "
            "labelled texts: nothing is answered automatically. Label more tickets or allow a larger error."
        )
    return (
        f"Proven on {kept['sample_size']} texts kept from training: at a confidence of {kept['threshold']:.3f} at "
        f"most {kept['bound']:.2%} of the answered are wrong ({kept['certainty']:.0%} certain), "
        f"{kept['coverage']:.0%} are answered. Held back: {', '.join(kept['held_back']) or 'none'}."
    )
