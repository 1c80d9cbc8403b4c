"""Fits what the signs of a joint weigh, and writes ``triage/core/reading/joints.toml``.

    python -m benchmarks.joint_weights           # print the weights and how they do
    python -m benchmarks.joint_weights --write   # and keep them

Held-out questions of the starter pack (two folds) and of CLINC150 are joined in pairs of two intents: of each pair the
joint that looks most like one counts as one. Single questions, bare and in letters with a story, give the joints that
are none. Only texts that would be answered teach anything. banking77 takes no part, so that
``benchmarks.mail_wrapping`` measures questions that nothing was fitted to.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import yaml
from scipy.optimize import minimize

from benchmarks.mail_wrapping import DATA, FLOOR, ROOT, join
from benchmarks.support_mails import SupportMails
from triage.core.deciding.rules import RuleBook
from triage.core.engine import ODDS_OF_TWO, Engine
from triage.core.learning.model import Model
from triage.core.reading import joints as reading
from triage.core.reading.text import find_ask
from triage.core.types import Example

JOINTS = [
    "{a} {b}", "{a_open}. {b}", "{a} And {b_low}", "{a_open} and {b_low}", "{a_open}, and {b_low}", "{a_open} {b_low}",
    "{a_open}, {b_low}", "{a_open}; {b_low}", "{a_open} - {b_low}", "{a_open} / {b_low}", "{a}\n{b}", "{a}\n\n{b}",
    "{a_open} and also {b_low}", "{a} Also, {b_low}", "{a_open} plus {b_low}", "{a} Another thing: {b_low}",
    "{a_open}, but {b_low}", "1. {a}\n2. {b}", "- {a}\n- {b}", "{a} Then {b_low}",
]  # fmt: skip
SIGNS = (
    "question", "end", "line", "comma", "dash", "join", "also", "asks", "bare", "asked", "after_tells", "points_back",
    "short_before", "short_after",
)  # fmt: skip
BELIEFS = ("sure_before", "sure_after", "may_ask_the_other", "sure_whole")
NAMES = (*SIGNS, *BELIEFS)
#: The made-up joints say "also" more often than people do, so no sign may settle everything.
MOST = 3.0
#: Four of its joints stand for each single text; a letter's story is made up, so it counts less.
JOINTS_A_TEXT, SINGLE, LETTER = 4, 0.6, 0.4
PAIRS, SINGLES, LETTERS = 800, 1_000, 500

FILE = ROOT / "triage" / "core" / "reading" / "joints.toml"
HEADER = """\
# What each sign of a joint is worth, in log-odds that two different questions meet there, and what it is worth that a
# model is sure of either side. Made by benchmarks/joint_weights.py from the starter pack and CLINC150.
"""
Row = np.ndarray


@dataclass
class Read:
    """A text that would be answered: whether it holds two questions, how much it counts, and its joints as rows."""

    two: bool
    counts: float
    rows: Row


def starter(fold: int) -> tuple[list[Example], list[Example]]:
    folder = ROOT / "triage" / "starter"
    files = [yaml.safe_load(file.read_text()) for file in sorted((folder / "intents").glob("*.yaml"))]
    told = [Example(str(text), file["intent"]) for file in files for text in file["examples"]]
    told += [
        Example(text, None) for text in yaml.safe_load((folder / "out_of_scope.yaml").read_text())["texts"]
    ]
    random.Random(0).shuffle(told)
    return [e for n, e in enumerate(told) if n % 5 != fold], [e for n, e in enumerate(told) if n % 5 == fold]


def clinc() -> tuple[list[Example], list[Example]]:
    parts = []
    for name in ("train", "valid"):
        with (DATA / "clinc150" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            parts.append([Example(row["text"], row["intent"] or None) for row in csv.DictReader(stream)])
    return parts[0], parts[1]


class Collector:
    """Reads texts with a model that was taught others."""

    def __init__(self, taught: Sequence[Example], asked: Sequence[Example]) -> None:
        self.engine = Engine(RuleBook([]), Model.fit(taught))
        self.asked = [example for example in asked if example.intent]
        self.rng = random.Random(1)

    def texts(self, letters: bool) -> Iterator[tuple[bool, float, str, str]]:
        for _ in range(PAIRS):
            first, second = self.rng.sample(self.asked, 2)
            if first.intent != second.intent:
                yield True, 1.0, "", join(first.text, second.text, self.rng.choice(JOINTS))
        singles = [e.text for e in self.rng.sample(self.asked, min(SINGLES, len(self.asked)))]
        yield from ((False, SINGLE, "", text) for text in singles)
        if letters:
            wrapper = SupportMails(random.Random(3), singles)
            yield from ((False, LETTER, *wrapper.wrap(text)[1:]) for text in singles[:LETTERS])

    def read(self, *, letters: bool) -> Iterator[Read]:
        for two, counts, subject, body in self.texts(letters):
            ask = find_ask(subject, body)
            whole = self.engine.find_matter(ask)[1]
            if not whole.in_scope or whole.confidence < FLOOR:
                yield Read(two, counts=0.0, rows=np.zeros((0, len(NAMES))))
                continue
            shares = self.engine.shares(ask.joints.found)
            told = self.engine.believe_sides(ask.joints.found, shares)
            rows = [as_row(found) for sides in told if (found := reading.evidence(*sides, whole.confidence))]
            yield Read(two, counts, np.array(rows) if rows else np.zeros((0, len(NAMES))))


def as_row(found: Mapping[str, float]) -> Row:
    return np.array([found.get(name, 0.0) for name in NAMES])


def fit(reads: Sequence[Read], rounds: int = 6) -> tuple[Row, float]:
    """Fit weights and base. Which joint of a pair parts it is taken from the round before."""
    weights, base = as_row({"sure_after": 1.0, "bare": -3.0}), 0.0
    answered = [read for read in reads if read.counts and len(read.rows)]
    for _ in range(rounds):
        rows, two, counts = [], [], []
        for read in answered:
            best = np.argsort(-(read.rows @ weights))[: 1 if read.two else JOINTS_A_TEXT]
            rows += [read.rows[at] for at in best]
            two += [read.two] * len(best)
            counts += [read.counts] * len(best)
        weights, base = bounded_logistic(np.array(rows), np.array(two), np.array(counts))
    return weights, base


def bounded_logistic(rows: Row, two: Row, counts: Row) -> tuple[Row, float]:
    scale = rows.std(axis=0) + 1e-3
    signed = np.where(two, 1.0, -1.0)

    def loss(told: Row) -> tuple[float, Row]:
        odds = rows @ told[:-1] + told[-1]
        slope = -signed * counts / (1 + np.exp(signed * odds))
        small = told[:-1] * scale**2 / 0.3
        total = (np.logaddexp(0, -signed * odds) * counts).sum() + (small * told[:-1]).sum() / 2
        return float(total), np.append(rows.T @ slope + small, slope.sum())

    bounds = [(-MOST, MOST)] * rows.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], float(found[-1])


def report(name: str, reads: Sequence[Read], weights: Row, base: float) -> str:
    """What share of the pairs would be answered, and what share of the rest would not be any more."""

    def told(counts: float, two: bool) -> float:
        kind = [read for read in reads if read.counts in (counts, 0.0) and read.two == two]
        parted = [len(r.rows) > 0 and (r.rows @ weights).max() + base > ODDS_OF_TWO for r in kind]
        answered = [r.counts > 0 and p != two for r, p in zip(kind, parted, strict=True)]
        return float(np.mean(answered)) if kind else 0.0

    pairs, singles, letters = told(1.0, True), told(SINGLE, False), told(LETTER, False)
    return (
        f"{name}: pairs answered {pairs:.1%}, single questions lost {singles:.1%}, letters lost {letters:.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sources = {"starter 0": starter(0), "starter 1": starter(1), "clinc150": clinc()}
    reads = {
        name: list(Collector(*texts).read(letters=name.startswith("starter")))
        for name, texts in sources.items()
    }
    weights, base = fit([read for each in reads.values() for read in each])
    for name, each in reads.items():
        print(report(name, each, weights, base))
    lines = [f"base = {base:.2f}", *(f"{name} = {w:.2f}" for name, w in zip(NAMES, weights, strict=True))]
    print("\n".join(lines))
    if options.write:
        FILE.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
