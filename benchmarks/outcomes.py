"""Does the confidence become more honest when it hears how similar tickets ended since the training?

    python -m benchmarks.outcomes [banking77] [clinc150] [--seeds 3]    what it changes, index by index
    python -m benchmarks.outcomes banking77 --fit                       the constants that fit best

Recipe: of a shuffled set one half is taught, a fifth of the intents left out of it ("new"); a quarter stands
in the index as tickets that people settled; the last quarter comes in. Two streams: *usual*, where 2 % are
about something new (what the confidence is calibrated for), and *changed*, where nothing is left out, so a
fifth is new. What stands in the index:

history    the quarter with its true intents, as new in it as the stream
noisy      the same with one intent in ten wrong
strangers  confirmed tickets of another business (the other set)
learnt     the taught texts, if they counted as confirmed (they don't: what was there at training is learnt)
guesses    the quarter with the intents that the model itself gave (they don't count: nobody confirmed them)

``lowering`` is what the engine does. ``both ways`` would let agreeing tickets raise the confidence too.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from triage.core.deciding.outcomes import NEAR, PULL, weigh_outcomes
from triage.core.deciding.rules import RuleBook
from triage.core.engine import HEARD_TICKETS, Engine
from triage.core.evaluation import read_examples, risk_coverage
from triage.core.learning.calibration import expected_calibration_error
from triage.core.learning.model import Model
from triage.core.learning.training import UNKNOWN_SHARE
from triage.core.similar.similarity import TicketIndex
from triage.core.types import Assessment, Example, ResolvedTicket, SimilarTicket

DATA = Path(os.environ.get("HELPDESK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PARTS = {"banking77": ("train",), "clinc150": ("train", "valid")}
OTHER = {"banking77": "clinc150", "clinc150": "banking77"}
MOST_JUDGED = 2500
NEW_SHARE = 0.2
WRONG_SHARE = 0.1
THRESHOLD = 0.75
INDEXES = ("history", "noisy", "strangers", "learnt", "guesses")
STREAMS = ("usual", "changed")

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """One incoming text: what the engine alone believes, and the nearest tickets of each index."""

    assessment: Assessment
    truth: str | None
    near: dict[str, tuple[SimilarTicket, ...]]

    @property
    def right(self) -> bool:
        return self.truth is not None and self.assessment.intent == self.truth


def examples_of(name: str) -> list[Example]:
    return [row for part in PARTS[name] for row in read_examples(DATA / name / f"{part}.csv")]


def thinned(rows: Sequence[Example], new: set[str | None], stream: str) -> list[Example]:
    """In the usual stream, keep so many texts of new intents that they are 2 % of all."""
    fresh = [row for row in rows if row.intent in new]
    kept = [row for row in rows if row.intent not in new]
    if stream == "usual":
        fresh = fresh[: round(len(kept) * UNKNOWN_SHARE / (1 - UNKNOWN_SHARE))]
    return kept + fresh


def judge(name: str, seed: int) -> dict[str, list[Judged]]:
    """Teach, and judge both streams with the tickets of each index beside them."""
    chance = np.random.default_rng(seed)
    rows = examples_of(name)
    rows = [rows[place] for place in chance.permutation(len(rows))]
    names = sorted({row.intent for row in rows if row.intent})
    new = {names[place] for place in chance.permutation(len(names))[: round(NEW_SHARE * len(names))]}
    half, quarter = len(rows) // 2, len(rows) // 4
    taught = [row for row in rows[:half] if row.intent not in new]
    engine = Engine(RuleBook([], []), Model.fit(taught, seed=seed))
    history, coming = rows[half : half + quarter], rows[half + quarter :][:MOST_JUDGED]
    found = {}
    for stream in STREAMS:
        past = thinned(history, new, stream)
        indexes = {kind: index_of(kind, past, taught, name, engine, chance) for kind in INDEXES}
        found[stream] = [
            judged(row if row.intent not in new else replace(row, intent=None), engine, indexes)
            for row in thinned(coming, new, stream)
        ]
    return found


def index_of(
    kind: str,
    past: Sequence[Example],
    taught: Sequence[Example],
    name: str,
    engine: Engine,
    chance: np.random.Generator,
) -> TicketIndex:
    rows = list(past)
    if kind == "noisy":
        wrong = [row.intent for row in rows]
        chance.shuffle(wrong)
        rows = [
            replace(row, intent=intent) if chance.random() < WRONG_SHARE else row
            for row, intent in zip(rows, wrong, strict=True)
        ]
    elif kind == "strangers":
        rows = examples_of(OTHER[name])[: len(rows)]
    elif kind == "learnt":
        rows = list(taught)
    elif kind == "guesses":
        rows = [replace(row, intent=engine.assess("", row.text).intent) for row in rows]
    index = TicketIndex.empty()
    for number, row in enumerate(rows):
        index.add(ResolvedTicket(number, row.text, row.intent, confirmed=True))
    return index


def judged(row: Example, engine: Engine, indexes: dict[str, TicketIndex]) -> Judged:
    assessment = engine.assess("", row.text)
    near = {kind: index.search(assessment.ask, HEARD_TICKETS) for kind, index in indexes.items()}
    return Judged(assessment, row.intent, near)


# --- ways to weigh ---------------------------------------------------------------------------------------

Way = Callable[[Assessment, Iterable[SimilarTicket]], float]


def alone(assessment: Assessment, near: Iterable[SimilarTicket]) -> float:
    return assessment.confidence


def lowering(assessment: Assessment, near: Iterable[SimilarTicket]) -> float:
    return weigh_outcomes(assessment.confidence, assessment.intent, near).confidence


def both_ways(assessment: Assessment, near: Iterable[SimilarTicket]) -> float:
    odds = log_odds(assessment.confidence) - PULL * lead(assessment, near, NEAR, signed=True)
    return float(1 / (1 + np.exp(-odds)))


def lead(assessment: Assessment, near: Iterable[SimilarTicket], start: float, *, signed: bool) -> float:
    """How much nearer the nearest disagreeing ticket is than the nearest agreeing one, from ``start`` up."""
    peaks = {True: 0.0, False: 0.0}
    for ticket in near:
        agrees = ticket.intent == assessment.intent
        peaks[agrees] = max(peaks[agrees], ticket.similarity - start)
    found = peaks[False] - peaks[True]
    return found if signed else max(0.0, found)


def log_odds(confidence: float) -> float:
    inside = min(max(confidence, 1e-9), 1 - 1e-9)
    return float(np.log(inside / (1 - inside)))


# --- figures -----------------------------------------------------------------------------------------------

FIGURES = ("ECE", "surprise", "AURC", "answered", "wrong", "new answered", "at 2 % error")


def figures(rows: Sequence[Judged], kind: str, way: Way) -> Doubles:
    confidence = np.asarray([way(row.assessment, row.near[kind]) for row in rows])
    right = np.asarray([row.right for row in rows])
    scope = np.asarray([row.assessment.in_scope for row in rows])
    new = np.asarray([row.truth is None for row in rows])
    answered = (confidence >= THRESHOLD) & scope
    coverage, risk = risk_coverage(confidence, right)
    return np.asarray(
        [
            expected_calibration_error(confidence, right),
            surprise(confidence, right),
            risk.mean(),
            answered.mean(),
            (~right[answered]).mean(),
            answered[new].mean(),
            coverage[risk <= 0.02].max(initial=0.0),
        ]
    )


def surprise(confidence: Doubles, right: Bools) -> float:
    """Mean negative log-likelihood, in nats."""
    inside = np.clip(confidence, 1e-9, 1 - 1e-9)
    return float(-np.mean(np.log(np.where(right, inside, 1 - inside))))


def report(name: str, runs: Sequence[dict[str, list[Judged]]]) -> None:
    """Print the figures of the engine alone and by how much they change; ± is the spread of the seeds."""
    for stream in STREAMS:
        before = np.asarray([figures(run[stream], "history", alone) for run in runs])
        print(f"\n{name}, {stream} stream, {len(runs)} seeds" + "".join(f"{title:>17}" for title in FIGURES))
        print(f"{'alone':34}" + "".join(f"{value:17.4f}" for value in before.mean(axis=0)))
        for kind in INDEXES:
            for way in (lowering, both_ways):
                changes = np.asarray([figures(run[stream], kind, way) for run in runs]) - before
                cells = zip(changes.mean(axis=0), changes.std(axis=0), strict=True)
                shown = "".join(f"{mean:+10.4f} ±{spread:.3f}" for mean, spread in cells)
                print(f"{kind + ', ' + way.__name__.replace('_', ' '):34}{shown}", flush=True)


def fit(name: str, runs: Sequence[dict[str, list[Judged]]]) -> None:
    """Print, for each NEAR, the PULL that surprises least on the usual stream."""
    for start in (0.3, 0.4, 0.5, 0.6):
        parts = list(_parts(runs, start))

        def loss(pull: float, parts: list[tuple[Doubles, Doubles, Bools]] = parts) -> float:
            return sum(surprise(1 / (1 + np.exp(pull * leads - odds)), right) for odds, leads, right in parts)

        best = minimize_scalar(loss, bounds=(0, 15), method="bounded")
        print(f"{name}: NEAR {start}, PULL {best.x:.2f}, surprise {best.fun / len(parts):.5f}", flush=True)


def _parts(runs: Sequence[dict[str, list[Judged]]], start: float) -> Iterator[tuple[Doubles, Doubles, Bools]]:
    for run in runs:
        for kind in ("history", "noisy"):
            rows = run["usual"]
            yield (
                np.asarray([log_odds(row.assessment.confidence) for row in rows]),
                np.asarray([lead(row.assessment, row.near[kind], start, signed=False) for row in rows]),
                np.asarray([row.right for row in rows]),
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, default=3, help="how many random splits of each")
    parser.add_argument("--fit", action="store_true", help="search the constants instead")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"The data sets are not at {DATA}; set HELPDESK_DATA to their folder.")
    for name in options.sets or PARTS:
        runs = [judge(name, seed) for seed in range(options.seeds)]
        (fit if options.fit else report)(name, runs)


if __name__ == "__main__":
    main()
