"""Similar tickets among a million: time to build, bytes on disk, time of a query, against two others.

    python -m benchmarks.similar_tickets [--tickets 1000000] [--queries 500] [--without-others]

Queries are real tickets that were held out before growing: half short questions (banking77), half long
mails (it_tickets). The same texts go to scikit-learn's TF-IDF with cosine similarity and to bm25s with its
default method and numpy backend; both keep their own scoring, so only the times are comparable. Every
engine runs on one thread. ``cpu`` is the time the query itself used; ``wall`` includes waiting for a core.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.grown_tickets import grow, read_texts
from triage.core.similar.pruning import best_numbers
from triage.core.similar.ranking import count_keys
from triage.core.similar.similarity import TicketIndex
from triage.core.types import ResolvedTicket

HELD_OUT = 1000
SLOW_QUERIES = 60
Search = Callable[[str], object]


def split() -> tuple[list[list[str]], dict[str, list[str]]]:
    """Return the sets to grow from and, per set, the held-out queries."""
    rng = random.Random(1)
    sets, queries = [], {}
    for name in ("it_tickets", "banking77"):
        texts = read_texts(f"{name}/train.csv")
        rng.shuffle(texts)
        queries[name] = texts[:HELD_OUT]
        sets.append(texts[HELD_OUT:])
    return sets, queries


def report(label: str, search: Search, queries: Iterable[str]) -> None:
    """Print the percentiles of a query's time in milliseconds."""
    cpu, wall = [], []
    for query in queries:
        began, began_cpu = time.perf_counter(), time.thread_time()
        search(query)
        cpu.append(1000 * (time.thread_time() - began_cpu))
        wall.append(1000 * (time.perf_counter() - began))
    figures = [
        statistics.median(cpu),
        np.percentile(cpu, 99),
        statistics.median(wall),
        np.percentile(wall, 99),
    ]
    print(f"{label:42}" + "".join(f"{figure:10.2f}" for figure in figures), flush=True)


def check_exact(index: TicketIndex, queries: Iterable[str]) -> None:
    """Compare with the plain sum over every posting of the query's terms."""
    base = index._base
    for text in queries:
        terms = index._weigh(count_keys(text)).terms
        totals = np.zeros(len(base.ids), dtype=np.int64)
        for term in terms:
            row = slice(int(base.starts[term.row]), int(base.starts[term.row + 1]))
            totals[base.tickets[row]] += base.impacts[row].astype(np.int64) * term.weight
        found = totals.nonzero()[0]
        best = found[np.lexsort((base.ids[found], -totals[found]))[:5]]
        plain = list(zip(totals[best].tolist(), best.tolist(), strict=True))
        assert best_numbers(base, terms, 5) == plain, text


def measure_ours(texts: list[str], queries: dict[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began, began_cpu = time.perf_counter(), time.process_time()
        tickets = (ResolvedTicket(place, text) for place, text in enumerate(texts))
        index = TicketIndex.build(tickets, Path(folder) / "index")
        spent, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        size = sum(path.stat().st_size for path in (Path(folder) / "index").iterdir()) / 2**20
        print(f"build {spent:.1f} s ({cpu:.1f} s cpu), {size:.0f} MiB mapped, {len(index):,} tickets")
        began = time.perf_counter()
        TicketIndex.open(Path(folder) / "index")
        print(f"open and verify {time.perf_counter() - began:.2f} s")
        check_exact(index, [text for each in queries.values() for text in each[:40]])
        for name, each in queries.items():
            report(f"ours, {name}", index.search, each)
        report(
            "ours, both",
            index.search,
            [text for pair in zip(*queries.values(), strict=True) for text in pair],
        )
        began = time.perf_counter()
        index.add(ResolvedTicket(-1, "zebra crossing printer"))
        assert index.search("zebra crossing printer")[0].id == -1
        print(f"added ticket found after {1000 * (time.perf_counter() - began):.1f} ms")


def measure_cosine(texts: list[str], queries: dict[str, list[str]]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    began = time.perf_counter()
    vectorizer = TfidfVectorizer(dtype=np.float32)
    matrix = vectorizer.fit_transform(texts)
    print(f"scikit-learn fit {time.perf_counter() - began:.1f} s, {matrix.nnz * 8 / 2**20:.0f} MiB")

    def search(text: str) -> object:
        similarities = cosine_similarity(vectorizer.transform([text]), matrix).ravel()
        return np.argpartition(similarities, -5)[-5:]

    for name, each in queries.items():
        report(f"scikit-learn cosine_similarity, {name}", search, each[:SLOW_QUERIES])


def measure_bm25s(texts: list[str], queries: dict[str, list[str]]) -> None:
    import bm25s

    began = time.perf_counter()
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    print(f"bm25s index {time.perf_counter() - began:.1f} s")

    def search(text: str) -> object:
        tokens = bm25s.tokenize([text], show_progress=False)
        return retriever.retrieve(tokens, k=5, show_progress=False, n_threads=0)

    for name, each in queries.items():
        report(f"bm25s, {name}", search, each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--without-others", action="store_true")
    options = parser.parse_args()
    sets, held_out = split()
    queries = {name: list(islice(texts, options.queries)) for name, texts in held_out.items()}
    texts = list(grow(sets, options.tickets))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'milliseconds a query':42}{'cpu p50':>10}{'cpu p99':>10}{'wall p50':>10}{'wall p99':>10}")
    measure_ours(texts, queries)
    if not options.without_others:
        measure_bm25s(texts, queries)
        measure_cosine(texts, queries)
    print(
        f"peak memory of the whole run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )


if __name__ == "__main__":
    main()
