"""Finding by meaning among many vectors: FAISS and pgvector beside comparing all of them.

    python -m benchmarks.vectors ENCODER [--counts 10000,100000] [--texts 4000] [--queries 300] [--pgvector]

Real texts (banking77, it_tickets from HELPDESK_DATA) are encoded and grown to COUNT by small seeded perturbations; the queries are
others of them, held out. One thread. Recall@5 is the share of the five nearest that comparing everything finds, to the bytes that
the index stores. "1 % visible": the same among one vector in a hundred, chosen by lot. The million is for `--counts 1000000`.
With `--pgvector` the database of DATABASE_URL is measured too; the tables are dropped after.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import django
import numpy as np
import numpy.typing as npt
from django.db import connection

from benchmarks.grown_tickets import read_texts
from triage.core.errors import EncoderError
from triage.core.learning.meaning import open_encoder
from triage.core.similar.encoded_index import _coded
from triage.core.similar.faiss_store import FILE, FaissFiles, is_installed
from triage.core.similar.nearest import Coded, Keeper, NearestStore
from triage.running.pgvector_store import NAME, PgvectorStore, PgvectorTables

Vectors = npt.NDArray[np.float32]
PERTURBED = 0.35  # length of what is added to a real vector of length one
MIB = 1024**2


def grown(real: Vectors, count: int, seed: int = 0) -> Vectors:
    """Real vectors first, then copies pushed aside a little in random directions."""
    random = np.random.default_rng(seed)
    rows = real[random.integers(0, len(real), count)]
    pushed = random.normal(size=rows.shape).astype(np.float32)
    pushed *= PERTURBED / np.linalg.norm(pushed, axis=1, keepdims=True)
    pushed[: min(count, len(real))] = 0
    rows = rows + pushed
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def timed(search: Callable[[Vectors], object], queries: Vectors) -> str:
    spent = []
    for vector in queries:
        begun = time.perf_counter()
        search(vector)
        spent.append((time.perf_counter() - begun) * 1000)
    return f"p50 {np.percentile(spent, 50):6.2f} ms  p99 {np.percentile(spent, 99):6.2f} ms"


def nearest(rows: Vectors, vector: Vectors, only: npt.NDArray[np.int64] | None = None) -> list[int]:
    products = (rows if only is None else rows[only]) @ vector
    best = np.argpartition(-products, 5)[:5]
    return [int(place) for place in (best if only is None else only[best])]


def recall(found: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]]) -> float:
    return sum(len(set(one) & set(other)) for one, other in zip(found, wanted, strict=True)) / (
        5 * len(wanted)
    )


def measure(rows: Vectors, queries: Vectors, kinds: Mapping[str, Keeper]) -> None:
    codes, scales = _coded(rows)
    coded = Coded(np.arange(len(rows), dtype=np.int64), codes, scales)
    stored = coded.rows(slice(None))
    visible = np.sort(np.random.default_rng(1).choice(coded.ids, max(5, len(rows) // 100), replace=False))
    wanted = [nearest(stored, vector) for vector in queries]
    wanted_visible = [nearest(stored, vector, visible) for vector in queries]
    print(f"{len(rows):>9,} vectors of {rows.shape[1]}")
    print(f"          exact        {timed(lambda vector: nearest(stored, vector), queries)}")
    for name, keeper in kinds.items():
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            keeper.keep(Path(folder), coded)
            store = keeper.open(Path(folder), coded)
            spent = time.perf_counter() - begun
            size = (
                f", {(Path(folder) / FILE).stat().st_size / MIB:.0f} MiB"
                if (Path(folder) / FILE).exists()
                else ""
            )
            report(name, store, queries, visible.tolist(), wanted, wanted_visible)
            print(f"          {'':12} built in {spent:.1f} s{size}")
            if isinstance(store, PgvectorStore):
                store.close()
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP TABLE {(Path(folder) / NAME).read_text()}")


def report(
    name: str,
    store: NearestStore,
    queries: Vectors,
    visible: list[int],
    wanted: Sequence[Sequence[int]],
    wanted_visible: Sequence[Sequence[int]],
) -> None:
    found = [[id_ for id_, _ in store.search(vector, 5)] for vector in queries]
    seen = [[id_ for id_, _ in store.search(vector, 5, within=visible)] for vector in queries]
    print(f"          {name:12} {timed(lambda vector: store.search(vector, 5), queries)}  "
          f"recall@5 {recall(found, wanted):.3f}")  # fmt: skip
    print(f"          1 % visible  {timed(lambda vector: store.search(vector, 5, within=visible), queries[:100])}  "
          f"recall@5 {recall(seen, wanted_visible):.3f}, {sum(len(one) == 5 for one in seen)} of {len(seen)} have five")  # fmt: skip


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("encoder", type=Path, metavar="ENCODER", help="folder of a sentence encoder")
    parser.add_argument(
        "--counts", default="10000,100000", help="how many vectors, with commas (10000,100000)"
    )
    parser.add_argument("--texts", type=int, default=4000, help="real texts that are encoded (4000)")
    parser.add_argument("--queries", type=int, default=300, help="(300)")
    parser.add_argument(
        "--pgvector", action="store_true", help="beside FAISS, in the database of DATABASE_URL"
    )
    given = parser.parse_args()
    django.setup()
    kinds: dict[str, Keeper] = {"FAISS": FaissFiles()} if is_installed() else {}
    if given.pgvector:
        kinds["pgvector"] = PgvectorTables()
    if not kinds:
        sys.exit("FAISS is not installed: pip install -r requirements-vectors.txt")
    try:
        encoder = open_encoder(given.encoder)
    except EncoderError as error:
        sys.exit(str(error))
    texts = [*read_texts("banking77/train.csv"), *read_texts("it_tickets/train.csv")]
    chosen = np.random.default_rng(3).permutation(len(texts))[: given.texts + given.queries]
    real = np.concatenate([encoder.encode([texts[place][:2000]]) for place in chosen])
    print(f"{len(real):,} real texts encoded, {given.queries} of them held out as queries")
    for count in given.counts.split(","):
        measure(grown(real[given.queries :], int(count)), real[: given.queries], kinds)


if __name__ == "__main__":
    main()
