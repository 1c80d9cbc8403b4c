"""Does the search for similar tickets find the one true duplicate among 10,000 others?

    python -m benchmarks.duplicates [--encoder FOLDER]

Recipe: the index holds the 60 original questions of stackfaq's dev set (without their answers, as tickets
hold the requester's words) and 10,000 distractors drawn with a fixed seed: a third each from it_tickets,
banking77 and clinc150, and, for comparison, from each of them alone. Every one of the 600 rephrasings is a
query; its target is the original it rephrases. MRR is the mean of 1 / rank of the target, 0 where it is not
among the first 100. With ``--encoder`` (see benchmarks.encoder_folder) only the mixed distractors are
searched, by the index that puts the first 200 tickets in order by their vectors.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from benchmarks.grown_tickets import DATA, read_texts
from triage.core.learning.meaning import open_encoder
from triage.core.similar.encoded_index import EncodedTicketIndex
from triage.core.similar.similarity import TicketIndex
from triage.core.types import ResolvedTicket
from triage.core.vectors import Encoder

DISTRACTORS = 10_000
DEPTH = 100
SETS = ("it_tickets", "banking77", "clinc150")


def read_questions() -> list[tuple[str, list[str]]]:
    """Return (original question, its rephrasings)."""
    path = DATA / "stackfaq" / "dev.jsonl"
    if not path.exists():
        raise SystemExit(f"{path} is absent; set HELPDESK_DATA to the folder of the data sets")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [(row["question"], row["rephrasings"]) for row in rows]


def distractors(names: tuple[str, ...]) -> list[str]:
    """Draw the same number of texts from each set."""
    rng = random.Random(0)
    share, rest = divmod(DISTRACTORS, len(names))
    shares = [share + (place < rest) for place in range(len(names))]
    return [
        text
        for name, n in zip(names, shares, strict=True)
        for text in rng.sample(read_texts(f"{name}/train.csv"), n)
    ]


def mean_reciprocal_rank(names: tuple[str, ...], encoder: Encoder | None = None) -> tuple[float, float]:
    """Return MRR and the mean milliseconds of a query."""
    questions = read_questions()
    texts = [question for question, _ in questions] + distractors(names)
    queries = [(target, text) for target, (_, rephrasings) in enumerate(questions) for text in rephrasings]
    reciprocal = 0.0
    with tempfile.TemporaryDirectory() as folder:
        tickets = (ResolvedTicket(number, text) for number, text in enumerate(texts))
        place = Path(folder) / "index"
        index = (
            EncodedTicketIndex.build(tickets, place, encoder)
            if encoder
            else TicketIndex.build(tickets, place)
        )
        began = time.perf_counter()
        for target, text in queries:
            ranked = [ticket.id for ticket in index.search(text, DEPTH)]
            reciprocal += 1 / (1 + ranked.index(target)) if target in ranked else 0
    return reciprocal / len(queries), 1000 * (time.perf_counter() - began) / len(queries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, help="folder with model.onnx and tokenizer.json")
    folder = parser.parse_args().encoder
    mixes = [(SETS, open_encoder(folder))] if folder else [(SETS, None), *(((name,), None) for name in SETS)]
    for names, encoder in mixes:
        reciprocal, spent = mean_reciprocal_rank(names, encoder)
        print(f"{' + '.join(names):38} MRR {reciprocal:.3f}   {spent:.2f} ms a query", flush=True)


if __name__ == "__main__":
    main()
