"""The nearest vectors among all, by FAISS: exact up to some ten thousand, by cells of the space beyond."""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from triage.core.errors import ArtefactError
from triage.core.similar.nearest import Coded, Vector

#: So many vectors are compared one by one; beyond, the space is cut into cells. Ten times as many took ten times as
#: long, beyond what a page may wait; see docs/decisions/vector-store.md.
FLAT_MOST: Final = 20_000
#: Vectors for each cell, and cells that are looked into: where recall@5 against exact is at least .97.
PER_CELL: Final = 250
PROBES: Final = 48
LOOKED_AT: Final = 4  # times as many as are wanted
TRAINED_ON: Final = 64  # vectors for each cell
ADDED_AT_ONCE: Final = 50_000
FILE: Final = "nearest.faiss"


def is_installed() -> bool:
    return find_spec("faiss") is not None


class FaissStore:
    """Vectors of length one by ticket id. Reading is safe for threads; nothing is written after `build`."""

    def __init__(self, index: Any, vectors: Coded) -> None:
        self._index = index
        self._vectors = vectors

    @classmethod
    def build(cls, vectors: Coded) -> FaissStore:
        import faiss  # optional, and loads a numeric library of its own

        size, count = vectors.size, len(vectors)
        if count <= FLAT_MOST:
            inner = faiss.IndexFlatIP(size)
        else:
            cells = max(1, count // PER_CELL)
            inner = faiss.index_factory(size, f"IVF{cells},SQ8", faiss.METRIC_INNER_PRODUCT)
            chosen = np.random.default_rng(0).choice(count, min(count, TRAINED_ON * cells), replace=False)
            inner.train(vectors.rows(np.sort(chosen)))
            inner.nprobe = PROBES
        index = faiss.IndexIDMap2(inner)
        for start in range(0, count, ADDED_AT_ONCE):
            part = slice(start, start + ADDED_AT_ONCE)
            index.add_with_ids(vectors.rows(part), np.ascontiguousarray(vectors.ids[part]))
        return cls(index, vectors)

    def write(self, folder: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(folder / FILE))

    @classmethod
    def open(cls, folder: Path, vectors: Coded) -> FaissStore:
        """Map what `write` stored; the caller has checked its bytes.

        Raises
        ------
        ArtefactError
            If it is not there, or FAISS cannot read it.
        """
        import faiss

        try:
            return cls(faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP), vectors)
        except RuntimeError as error:
            raise ArtefactError(f"{folder / FILE} cannot be read; train again.") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: Vector, k: int, *, without: Collection[int] = (), within: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """See `NearestStore.search`."""
        if within is not None:
            within = set(within).difference(without)
            if not within:
                return []
        if not len(self) or k < 1:
            return []
        # Within the cells numbers are rounded: more are looked for, and compared once more by what the index stores.
        found = self._index.search(
            vector[np.newaxis], k * LOOKED_AT, params=self._parameters(without, within)
        )
        ids = found[1][0][found[1][0] >= 0]
        cosines = self._vectors.products(vector, ids)
        best = np.lexsort((ids, -cosines))[:k]
        return [(int(ids[place]), float(cosines[place])) for place in best]

    def _parameters(self, without: Collection[int], within: Collection[int] | None) -> Any:
        import faiss

        chosen: dict[str, Any] = {}
        if within is not None:
            chosen["sel"] = faiss.IDSelectorBatch(np.fromiter(within, np.int64, len(within)))
        elif without:
            chosen["sel"] = faiss.IDSelectorNot(
                faiss.IDSelectorBatch(np.fromiter(without, np.int64, len(without)))
            )
        inner = faiss.downcast_index(self._index.index)
        if not isinstance(inner, faiss.IndexIVF):
            return faiss.SearchParameters(**chosen) if chosen else None
        # Who may see little has it in few cells: then every cell is looked into, which costs little.
        probes = inner.nprobe if within is None else inner.nlist
        return faiss.SearchParametersIVF(nprobe=probes, **chosen)


class FaissFiles:
    """Keeps vectors in a file beside the rest of their index."""

    def keep(self, folder: Path, vectors: Coded) -> None:
        FaissStore.build(vectors).write(folder)

    def open(self, folder: Path, vectors: Coded) -> FaissStore:
        """What was stored; made anew in memory where an index of few has none. ArtefactError where that takes long."""
        if (folder / FILE).exists():
            return FaissStore.open(folder, vectors)
        if len(vectors) > FLAT_MOST:
            raise ArtefactError(f"{folder} was built without a vector store; train again.")
        return FaissStore.build(vectors)
