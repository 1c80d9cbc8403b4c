"""``python -m triage.core``: train, evaluate, assess and benchmark the engine without Django."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from triage.core.artefact import read_manifest
from triage.core.deciding import gates
from triage.core.deciding.policy import decide
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.errors import CoreError
from triage.core.evaluation import Evaluation, evaluate, read_examples
from triage.core.learning.meaning import open_encoder
from triage.core.learning.model import Model
from triage.core.types import Decision, IntentPolicy, PolicyConfig
from triage.core.vectors import Encoder

PREDICTION_COLUMNS = ("text", "intent", "confidence", "action", "reason")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 with one line on standard error when it cannot be done."""
    options = _parser().parse_args(argv)
    try:
        options.run(options)
    except CoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m triage.core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    encoded = argparse.ArgumentParser(add_help=False)
    encoded.add_argument(
        "--encoder",
        type=Path,
        help="a sentence encoder: folder with model.onnx and tokenizer.json, or an .onnx file",
    )

    commands.add_parser("gates", help="print the gates as a table").set_defaults(run=_gates)

    train = commands.add_parser("train", parents=[encoded], help="train a model and store it in a new folder")
    train.add_argument("examples", type=Path, help="CSV with the header text,intent (empty: out of scope)")
    train.add_argument("folder", type=Path, help="where to store the model; must not exist")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)

    test = commands.add_parser("evaluate", parents=[encoded], help="train on one CSV, measure on another")
    test.add_argument("--train", type=Path, required=True)
    test.add_argument("--test", type=Path, required=True)
    test.add_argument("--threshold", type=float, default=0.75)
    test.add_argument("--seed", type=int, default=0)
    test.add_argument("--predictions", type=Path, help="write one CSV row per test text")
    test.add_argument("--json", action="store_true", help="print the figures as JSON")
    test.set_defaults(run=_evaluate)

    assess = commands.add_parser("assess", parents=[encoded], help="assess one text and explain it")
    assess.add_argument("folder", type=Path, help="a stored model")
    assess.add_argument("text", help="the ticket's text; - reads it from standard input")
    assess.add_argument("--subject", default="")
    assess.add_argument("--threshold", type=float, default=0.75)
    assess.add_argument("--json", action="store_true")
    assess.set_defaults(run=_assess)

    bench = commands.add_parser(
        "benchmark", parents=[encoded], help="time the loading and assessing of a stored model"
    )
    bench.add_argument("folder", type=Path, help="a stored model")
    bench.add_argument("texts", type=Path, help="CSV whose texts are assessed one by one")
    bench.add_argument("--limit", type=int, default=1000, help="how many texts at most")
    bench.set_defaults(run=_benchmark)
    return parser


def _encoder_of(options: argparse.Namespace) -> Encoder | None:
    return open_encoder(options.encoder) if options.encoder else None


def _gates(options: argparse.Namespace) -> None:
    print(f"{gates.as_markdown()}\n\n{gates.steps_as_markdown()}")


def _train(options: argparse.Namespace) -> None:
    began = time.perf_counter()
    model = Model.fit(list(read_examples(options.examples)), seed=options.seed, encoder=_encoder_of(options))
    manifest = model.save(options.folder)
    print(f"{options.folder}: version {manifest.version}, {manifest.size / 1e6:.1f} MB")
    print(f"{len(model.intents)} intents learned in {time.perf_counter() - began:.1f} s")
    for name, value in model.metrics.items():
        print(f"  {name:<20} {value:.4g}")
    if model.skipped_intents:
        print(f"too few examples, left to the rules: {', '.join(model.skipped_intents)}")


def _evaluate(options: argparse.Namespace) -> None:
    found = evaluate(
        list(read_examples(options.train)),
        list(read_examples(options.test)),
        threshold=options.threshold,
        seed=options.seed,
        encoder=_encoder_of(options),
    )
    if options.predictions:
        write_predictions(found, options.predictions)
    if options.json:
        print(json.dumps(found.summary(), indent=2))
        return
    for name, value in found.summary().items():
        print(f"{name:<24} {'-' if value is None else format(value, '.5g')}")


def write_predictions(found: Evaluation, path: Path) -> None:
    """Write the judged texts as CSV with the columns :data:`PREDICTION_COLUMNS`."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(PREDICTION_COLUMNS)
        for row in found.rows:
            lines.writerow([row.text, row.intent or "", f"{row.confidence:.6f}", row.action, row.reason])


def _assess(options: argparse.Namespace) -> None:
    model = Model.load(options.folder, encoder=_encoder_of(options))
    text = sys.stdin.read() if options.text == "-" else options.text
    decision = decide(
        Engine(RuleBook([], []), model, None).assess(options.subject, text),
        intents={intent: IntentPolicy() for intent in model.intents},
        language="en",
        config=PolicyConfig(threshold=options.threshold),
    )
    if options.json:
        print(json.dumps(asdict(decision), indent=2, default=str))
    else:
        print(explanation(decision))


def explanation(decision: Decision) -> str:
    """Put a decision into lines for a person."""
    found = decision.assessment
    lines = [
        f"action      {decision.action} ({decision.reason}): {decision.detail}",
        f"intent      {found.intent}  confidence {found.confidence:.3f}",
        f"runner-up   {found.runner_up}  confidence {found.runner_up_confidence:.3f}",
        f"read as     {found.ask}",
    ]
    for title, terms in (
        ("for", [t for t in found.terms if t.weight > 0]),
        ("against", [t for t in found.terms if t.weight < 0]),
    ):
        said = ", ".join(f"{term.text} {term.weight:+.2f}" for term in terms)
        lines.append(f"{title:<11} {said or '-'}")
    for near in found.similar:
        ended = f"{near.intent or 'none of ours'} (settled by a person)" if near.confirmed else near.intent
        lines.append(f"similar     ticket {near.id}, {near.similarity:.2f} alike: {ended or 'unknown'}")
    if found.objection:
        lines.append(f"lowered     from {found.objection.before:.3f} by ticket {found.objection.id}")
    return "\n".join(lines)


def _benchmark(options: argparse.Namespace) -> None:
    began = time.perf_counter()
    model = Model.load(options.folder, encoder=_encoder_of(options))
    print(f"load        {(time.perf_counter() - began) * 1000:.0f} ms")
    print(f"artefact    {read_manifest(options.folder).size / 1e6:.1f} MB")
    engine = Engine(RuleBook([], []), model, None)
    spent = []
    for number, example in enumerate(read_examples(options.texts)):
        if number >= options.limit:
            break
        began = time.perf_counter()
        engine.assess("", example.text)
        spent.append((time.perf_counter() - began) * 1000)
    if not spent:
        raise CoreError(f"{options.texts} holds no text to assess.")
    p50, p99 = np.percentile(spent, [50, 99])
    print(f"assess      p50 {p50:.2f} ms, p99 {p99:.2f} ms over {len(spent)} texts")


if __name__ == "__main__":
    sys.exit(main())
