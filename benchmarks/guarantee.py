"""Is a promised error kept on real questions, and at what coverage?

    python -m benchmarks.guarantee                 # both data sets, 20 random splits each
    python -m benchmarks.guarantee --set clinc150 --fits 4

Trains the default model on one part of a data set and draws random splits of the rest into a
labelled history, on which the threshold is found, and a coming period, on which the error is
counted. On clinc150 18 % of the stream is out of scope, none of it seen in training; answering one
is an error. The set has 200 such texts, so one history has 555 tickets. What a history of 2,750
(half of the official test set) would give is estimated by repeating each out-of-scope text five
times within its half: good for the coverage, not for counting broken promises.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triage.core.deciding.thresholds import Basis, Method, find_intent_thresholds, find_threshold
from triage.core.learning.model import Model
from triage.core.types import Example

DATA = Path(os.environ.get("HELPDESK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FLOOR = 0.75
OUT_OF_SCOPE_SHARE = 0.18
TARGETS = (0.05, 0.02)


@dataclass
class Stream:
    """Judged tickets the model was not trained on."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    intent: NDArray[np.str_]


@dataclass
class Split:
    history: NDArray[np.int64]
    coming: NDArray[np.int64]


def read(name: str) -> list[Example]:
    path = DATA / name
    if not path.is_file():
        raise SystemExit(f"{path} is absent; set HELPDESK_DATA to the folder of the data sets")
    with path.open(encoding="utf-8", newline="") as stream:
        return [Example(row["text"], row["intent"] or None) for row in csv.DictReader(stream)]


def parts(name: str, seed: int) -> tuple[list[Example], list[Example]]:
    """Return (training, stream)."""
    rng = np.random.default_rng(seed)
    examples = read(f"{name}/train.csv")
    shuffled = [examples[i] for i in rng.permutation(len(examples))]
    if name == "banking77":
        return shuffled[:6000], shuffled[6000:]
    known = [example for example in shuffled if example.intent]
    foreign = [example for example in shuffled if not example.intent]
    return known[:13_500], known[13_500:] + foreign + read("clinc150/valid.csv")


def judge(train: list[Example], stream: list[Example], seed: int) -> tuple[Stream, float]:
    start = time.perf_counter()
    model = Model.fit(train, seed=seed)
    seconds = time.perf_counter() - start
    told = model.predict([example.text for example in stream])
    pairs = list(zip(told, stream, strict=True))
    return Stream(
        confidence=np.array([p.confidence for p in told]),
        right=np.array([e.intent is not None and p.intent == e.intent for p, e in pairs]),
        foreign=np.array([e.intent is None for e in stream]),
        intent=np.array([str(p.intent) for p in told]),
    ), seconds


def splits(stream: Stream, count: int, seed: int, repeats: int = 1) -> Iterator[Split]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        known = rng.permutation(np.flatnonzero(~stream.foreign))
        foreign = rng.permutation(np.flatnonzero(stream.foreign))
        if len(foreign):
            mixed = len(foreign) * repeats * (1 - OUT_OF_SCOPE_SHARE) / OUT_OF_SCOPE_SHARE
            known = known[: round(mixed)]
        halves = [np.array_split(part, 2) for part in (known, foreign)]
        yield Split(*(np.r_[k, np.repeat(f, repeats)] for k, f in zip(*halves, strict=True)))


def measure(stream: Stream, drawn: list[Split], target: float, method: Method) -> dict[str, object]:
    coverage, errors, broken = [], [], 0
    for split in drawn:
        past, coming = split.history, split.coming
        found = find_threshold(
            stream.confidence[past], stream.right[past], target_error=target, floor=FLOOR, method=method
        )
        answered = coming[stream.confidence[coming] >= found.for_policy]
        error = float(np.mean(~stream.right[answered])) if len(answered) else 0.0
        coverage.append(len(answered) / len(coming))
        errors.append(error)
        broken += error > target
    return {
        "promised_error": target,
        "method": method,
        "history": len(drawn[0].history),
        "broken": f"{broken} of {len(drawn)}",
        "coverage_mean": round(float(np.mean(coverage)), 3),
        "coverage_least": round(min(coverage), 3),
        "error_mean": round(float(np.mean(errors)), 4),
        "error_worst": round(max(errors), 4),
    }


def measure_intents(stream: Stream, target: float) -> dict[str, object]:
    """What thresholds of their own give on the whole stream, all promises held together."""
    report = find_intent_thresholds(
        stream.confidence, stream.right, stream.intent.tolist(), target_error=target, floor=FLOOR
    )
    bases = [entry.basis for entry in report.intents.values()]
    limits = {name: entry.threshold.for_policy for name, entry in report.intents.items()}
    limit = np.array([limits[name] for name in stream.intent.tolist()])
    return {
        "promised_error": target,
        "own": bases.count(Basis.INTENT),
        "pooled": bases.count(Basis.GROUP) + bases.count(Basis.REST),
        "held_back": len(report.held_back),
        "coverage": round(float(np.mean(stream.confidence >= limit)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", choices=["banking77", "clinc150"], help="only this data set")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--fits", type=int, default=1, help="train so many models; the splits are shared out")
    parser.add_argument("--all-methods", action="store_true")
    options = parser.parse_args()
    methods = list(Method) if options.all_methods else [Method.FIXED_SEQUENCE]
    for name in [options.set] if options.set else ["banking77", "clinc150"]:
        for fit in range(options.fits):
            stream, seconds = judge(*parts(name, fit), seed=fit)
            count = max(1, options.splits // options.fits)
            known = ~stream.foreign
            report: dict[str, object] = {
                "set": name,
                "fit": fit,
                "train_seconds": round(seconds, 1),
                "accuracy": round(float(stream.right[known].mean()), 4),
                "in_scope_answered_at_floor": round(float((stream.confidence[known] >= FLOOR).mean()), 4),
            }
            drawn = list(splits(stream, count, fit))
            report["promises"] = [measure(stream, drawn, t, m) for m in methods for t in TARGETS]
            report["per_intent"] = [measure_intents(stream, target) for target in TARGETS]
            if stream.foreign.any():
                large = list(splits(stream, count, fit, repeats=5))
                wanted = ("promised_error", "method", "history", "coverage_mean", "coverage_least")
                report["coverage_with_a_long_history"] = [
                    {key: measured[key] for key in wanted}
                    for measured in (measure(stream, large, t, m) for m in methods for t in TARGETS)
                ]
            print(json.dumps(report, indent=2), flush=True)


if __name__ == "__main__":
    main()
