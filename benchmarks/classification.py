"""Measures the trained engine on the shared data sets, and draws its curves.

    python benchmarks/classification.py                     every setting, as a table
    python benchmarks/classification.py clinc150 near       some of them
    python benchmarks/classification.py --pictures docs/images banking77 clinc150

The data sets are read from HELPDESK_DATA (default: ../shared/data beside the project) and never copied.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pictures import reliability_picture, risk_coverage_picture  # noqa: E402
from triage.core.evaluation import Evaluation, evaluate, read_examples, risk_coverage  # noqa: E402
from triage.core.learning.meaning import open_encoder  # noqa: E402
from triage.core.types import Example  # noqa: E402

DATA = Path(os.environ.get("HELPDESK_DATA", ROOT.parent / "shared" / "data"))
Examples = list[Example]
Split = tuple[Examples, Examples]


def shuffled(examples: Sequence[Example], seed: int) -> Examples:
    return [examples[i] for i in np.random.default_rng(seed).permutation(len(examples))]


def by_intent(examples: Sequence[Example]) -> dict[str, Examples]:
    groups: dict[str, Examples] = defaultdict(list)
    for example in examples:
        if example.intent:
            groups[example.intent].append(example)
    return groups


def banking() -> Examples:
    return list(read_examples(DATA / "banking77" / "train.csv"))


def clinc(part: str) -> Examples:
    return list(read_examples(DATA / "clinc150" / f"{part}.csv"))


def banking77(seed: int) -> Split:
    """Nine tenths against one tenth."""
    examples = shuffled(banking(), seed)
    cut = len(examples) // 10
    return examples[cut:], examples[:cut]


def clinc150(seed: int) -> Split:
    """The published training and validation parts, each with its 100 out-of-scope texts."""
    return shuffled(clinc("train"), seed), clinc("valid")


def ten_examples(seed: int) -> Split:
    """Ten examples for each of 77 intents."""
    train, test = [], []
    for group in by_intent(banking()).values():
        mixed = shuffled(group, seed)
        train += mixed[:10]
        test += mixed[10:]
    return train, shuffled(test, seed)[:3000]


def near(seed: int) -> Split:
    """27 of the 77 intents are never taught; their texts are out of scope."""
    groups = by_intent(banking())
    names = sorted(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    untaught = {names[i] for i in order[:27]}
    taught = shuffled([e for name in names if name not in untaught for e in groups[name]], seed)
    cut = len(taught) // 5
    return taught[cut:], taught[:cut] + [Example(e.text, None) for name in untaught for e in groups[name]]


def small_and_noisy(seed: int) -> Split:
    """20 intents, 15 to 60 examples each, one label in 20 wrong; half of the test is out of scope."""
    chance = np.random.default_rng(seed)
    source = banking() if seed % 2 else clinc("train")
    groups = by_intent(source)
    names = [sorted(groups)[i] for i in chance.permutation(len(groups))]
    train, test = [], []
    for name in names[:20]:
        mixed = shuffled(groups[name], seed)
        size = int(chance.integers(15, 61))
        train += [
            Example(e.text, names[chance.integers(20)]) if chance.random() < 0.05 else e for e in mixed[:size]
        ]
        test += mixed[size : size + 40]
    foreign = shuffled([e for name in names[20:] for e in groups[name]], seed)[: len(test)]
    return train, test + [Example(e.text, None) for e in foreign]


def hostile(seed: int) -> Split:
    """1,000 texts that nobody should answer: gibberish, other languages, one word, stop words, 1 MB."""
    return shuffled(clinc("train"), seed), list(_hostile_texts(seed))


def _hostile_texts(seed: int) -> Iterator[Example]:
    chance = np.random.default_rng(seed)
    letters, stops = (
        list("abcdefghijklmnopqrstuvwxyz"),
        ["the", "a", "of", "to", "and", "in", "is", "it", "that", "for", "on", "with", "as"],
    )
    foreign = [e.text for path in sorted((DATA / "xsid").glob("*.csv")) for e in read_examples(path)
               if path.stem not in {"en"}]  # fmt: skip
    words = sorted({word for e in clinc("train")[:3000] for word in e.text.split()})
    for _ in range(300):
        made = (
            "".join(chance.choice(letters, chance.integers(2, 12))) for _ in range(chance.integers(1, 15))
        )
        yield Example(" ".join(made), None)
    for i in chance.permutation(len(foreign))[:400]:
        yield Example(foreign[i], None)
    for word in chance.choice(words, 190):
        yield Example(str(word), None)
    for _ in range(95):
        yield Example(" ".join(chance.choice(stops, chance.integers(1, 12))), None)
    for blank in ("", " ", "\n\n", "?", "...", "\u200b", "🙂🙂", "12345", "-- ", "​\t"):
        yield Example(blank, None)
    for unit in ("a", "lorem ipsum ", "order ", "<b>", "> "):
        yield Example(unit * (1_000_000 // len(unit)), None)


SETTINGS: dict[str, Callable[[int], Split]] = {
    "banking77": banking77,
    "clinc150": clinc150,
    "ten_examples": ten_examples,
    "near": near,
    "small_and_noisy": small_and_noisy,
    "hostile": hostile,
}
SHOWN = (
    "accuracy", "macro_f1", "ece_in_scope", "coverage", "error", "in_scope_answered",
    "out_of_scope_answered", "auroc", "aurc", "train_seconds", "predict_ms_p50", "predict_ms_p99",
)  # fmt: skip


def coverage_at(found: Evaluation, error: float) -> float:
    """Return the largest coverage whose share of wrong answers stays within ``error``."""
    confidence = np.asarray([row.confidence for row in found.rows])
    coverage, risk = risk_coverage(confidence, np.asarray([row.right for row in found.rows]))
    return float(coverage[risk <= error].max(initial=0.0))


def coverage_of_mixed_stream(found: Evaluation, error: float, outside_share: float = 0.18) -> float | None:
    """Return the same for a stream with a given share of out-of-scope texts, by weighing them."""
    inside = np.asarray([row.truth is not None for row in found.rows])
    if inside.all() or not inside.any():
        return None
    weights = np.where(inside, (1 - outside_share) / inside.sum(), outside_share / (~inside).sum())
    order = np.argsort([-row.confidence for row in found.rows], kind="stable")
    wrong = np.asarray([not row.right for row in found.rows])[order] * weights[order]
    covered = np.cumsum(weights[order])
    return float(covered[np.cumsum(wrong) <= error * covered].max(initial=0.0))


def overstated(found: Evaluation) -> float | None:
    """Return mean confidence minus share right among the answered; above zero it promises more than it keeps."""
    answered = [row for row in found.rows if row.answered]
    if not answered:
        return None
    return float(np.mean([row.confidence for row in answered]) - np.mean([row.right for row in answered]))


def figures(found: Evaluation) -> dict[str, float | None]:
    summary = found.summary()
    chosen: dict[str, float | None] = {name: summary[name] for name in SHOWN}
    chosen["overstated"] = overstated(found)
    chosen["coverage_at_2_percent"] = coverage_at(found, 0.02)
    chosen["coverage_at_5_percent"] = coverage_at(found, 0.05)
    chosen["mixed_coverage_at_2_percent"] = coverage_of_mixed_stream(found, 0.02)
    chosen["megabytes"] = found.artefact_bytes / 1e6
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("settings", nargs="*", choices=[*SETTINGS, []], help=", ".join(SETTINGS))
    parser.add_argument("--seeds", type=int, default=1, help="how many random splits of each")
    parser.add_argument("--pictures", type=Path, help="folder for the drawn curves")
    parser.add_argument("--encoder", type=Path, help="folder of a sentence encoder to join with the words")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"The data sets are not at {DATA}; set HELPDESK_DATA to their folder.")
    encoder = open_encoder(options.encoder) if options.encoder else None
    results: dict[str, list[dict[str, float | None]]] = {}
    for name in options.settings or SETTINGS:
        for seed in range(options.seeds):
            train, test = SETTINGS[name](seed)
            found = evaluate(train, test, seed=seed, encoder=encoder)
            results.setdefault(name, []).append(figures(found))
            shown = ", ".join(f"{k} {v:.4g}" for k, v in results[name][-1].items() if v is not None)
            print(f"{name} (seed {seed}, {len(train)} train, {len(test)} test): {shown}", flush=True)
        if options.pictures:
            draw(options.pictures, name, found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process, training included: {peak:.0f} MB")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def draw(folder: Path, name: str, found: Evaluation) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    confidence = np.asarray([row.confidence for row in found.rows])
    right = np.asarray([row.right for row in found.rows])
    inside = np.asarray([row.truth is not None for row in found.rows])
    for kind, picture in (
        ("risk-coverage", risk_coverage_picture(name, confidence, right)),
        ("reliability", reliability_picture(f"{name}, in scope", confidence[inside], right[inside])),
    ):
        (folder / f"{kind}-{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
