"""How much of your own past tickets would have been answered, and how rightly. Nothing live is touched."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from triage.instruments.backtest import history
from triage.instruments.backtest.figures import MINUTES_A_MISTAKE, MINUTES_A_TICKET, Assumptions
from triage.instruments.backtest.page import standalone
from triage.learning.importing import COLUMNS


class Command(BaseCommand):
    help = (
        "Try triage on a history: trained on the older part, tried on the newer, by time. FILE is a CSV or JSONL file as "
        f"import_tickets takes it ({', '.join(COLUMNS)}). Writes one HTML page and its figures as JSON; no ticket, no "
        "example and no model of the house is touched. Interrupted, the same command goes on where it stood."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="a .csv or .jsonl file")
        parser.add_argument("--months", type=int, help="instead of a file: the last N months of this house")
        parser.add_argument(
            "--target", type=float, help="tolerated share of wrong answers, e.g. 0.02 (the house's)"
        )
        parser.add_argument(
            "--out", type=Path, help="where the page goes (FILE.backtest.html; JSON beside it)"
        )
        parser.add_argument(
            "--minutes", type=float, default=MINUTES_A_TICKET, help="an answer costs a person (6)"
        )
        parser.add_argument(
            "--mistake", type=float, default=MINUTES_A_MISTAKE, help="minutes to mend a wrong one (15)"
        )
        parser.add_argument("--again", action="store_true", help="begin anew instead of going on")

    def handle(self, *args: Any, file: Path | None, months: int | None, **options: Any) -> None:
        target, out = options["target"], options["out"]
        if (file is None) == (months is None):
            raise CommandError("Name a file or --months N, one of the two.")
        if file is not None and not file.is_file():
            raise CommandError(f"{file} is not there or not a file.")
        if target is not None and not 0.0 < target < 1.0:
            raise CommandError("--target is a share between 0 and 1, such as 0.02 for 2 %.")
        if months is not None and not 1 <= months <= 120:
            raise CommandError("--months is a number from 1 to 120.")
        page = out or Path(f"{file.name}.backtest.html" if file else f"house-{months}-months.backtest.html")
        self.told = 0.0
        try:
            past = history.from_file(file) if file else history.from_house(months or 0)
            folder = settings.VAR_DIR / "backtests" / self.name_of(past)
            if options["again"]:
                history.forget(folder)
            found = history.run(past, folder, tell=self.tell, target=target)
        except (history.NothingToTry, OSError) as error:
            raise CommandError(str(error)) from error
        self.stderr.write("")
        assumed = Assumptions(options["minutes"], options["mistake"])
        page.write_text(standalone(found, assumed), encoding="utf-8")
        page.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        history.forget(folder)
        self.stdout.write(found["sentence"])
        for line in found["targets"]:
            self.stdout.write(line_of(line))
        self.stdout.write(
            f"In {found['seconds']:.0f} s. {page} and {page.with_suffix('.json')} have the rest."
        )

    def name_of(self, past: history.History) -> str:
        """The same for the same tickets, so that a second run finds what the first one did."""
        told = sha256()
        for one in past.tickets:
            told.update(repr(one).encode(errors="surrogatepass"))
        return told.hexdigest()[:16]

    def tell(self, step: str, done: int, total: int) -> None:
        if time.monotonic() - self.told >= 1.0 or done in {0, total}:
            self.told = time.monotonic()
            self.stderr.write(f"\r{step}: {done:,} of {total:,}", ending="")
            self.stderr.flush()


def line_of(line: dict[str, Any]) -> str:
    if line["limit"] is None:
        return f"  {line['target']:.0%} wrong at most: nothing can be promised."
    return (
        f"  {line['target']:.0%} wrong at most: {line['coverage']:.1%} answered at a limit of {line['limit']:.3f}, "
        f"{line['wrong']} of {line['answered']} wrong, at most {line['bound']:.2%} with 90 % certainty."
    )
