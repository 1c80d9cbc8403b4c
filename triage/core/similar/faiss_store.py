"""The nearest vectors among all, by FAISS: exact up to some ten thousand, by cells of the space beyond."""

from __future__ import annotations

from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from triage.core.errors import ArtefactError

#: So many vectors are compared one by one; beyond, the space is cut into cells. Ten times as many took ten times as
#: long, beyond what a page may wait; see docs/decisions/vector-store.md.
FLAT_MOST: Final = 20_000
#: Vectors for each cell, and cells that are looked into: where recall@5 against exact is at least .97.
PER_CELL: Final = 250
PROBES: Final = 64
TRAINED_ON: Final = 64  # vectors for each cell
ADDED_AT_ONCE: Final = 50_000
FILE: Final = "nearest.faiss"

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


def is_installed() -> bool:
    return find_spec("faiss") is not None


class FaissStore:
    """Vectors of length one by ticket id. Reading is safe for threads; nothing is written after `build`."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, ids: Ids, codes: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]) -> FaissStore:
        """Take in coded vectors: each row of whole numbers has its own scale."""
        import faiss  # optional, and loads a numeric library of its own

        size, count = codes.shape[1], len(ids)
        if count <= FLAT_MOST:
            inner = faiss.IndexFlatIP(size)
        else:
            cells = max(1, count // PER_CELL)
            inner = faiss.index_factory(size, f"IVF{cells},SQ8", faiss.METRIC_INNER_PRODUCT)
            chosen = np.random.default_rng(0).choice(count, min(count, TRAINED_ON * cells), replace=False)
            inner.train(_vectors(codes[chosen], scales[chosen]))
            inner.nprobe = PROBES
        index = faiss.IndexIDMap2(inner)
        for start in range(0, count, ADDED_AT_ONCE):
            part = slice(start, start + ADDED_AT_ONCE)
            index.add_with_ids(_vectors(codes[part], scales[part]), np.ascontiguousarray(ids[part]))
        return cls(index)

    def write(self, folder: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(folder / FILE))

    @classmethod
    def open(cls, folder: Path) -> FaissStore:
        """Map what `write` stored; the caller has checked its bytes.

        Raises
        ------
        ArtefactError
            If it is not there, or FAISS cannot read it.
        """
        import faiss

        try:
            return cls(faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP))
        except RuntimeError as error:
            raise ArtefactError(f"{folder / FILE} cannot be read; train again.") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: Vectors, k: int, *, without: Collection[int] = (), within: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the k nearest, nearest first.

        Parameters
        ----------
        vector : ndarray of float32, shape (size,)
            Of length one.
        without : collection of int
            Ids that do not count, such as erased ones.
        within : collection of int, optional
            The only ids that count, such as those that whoever asks may see. The search goes on among them until
            there are k, however few they are.
        """
        if within is not None:
            within = set(within).difference(without)
            if not within:
                return []
        if not len(self) or k < 1:
            return []
        found = self._index.search(vector[np.newaxis], k, params=self._parameters(without, within))
        return [
            (int(id_), float(cosine))
            for cosine, id_ in zip(found[0][0], found[1][0], strict=True)
            if id_ >= 0
        ]

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


def _vectors(codes: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]) -> Vectors:
    return np.ascontiguousarray(codes.astype(np.float32) * scales[:, np.newaxis])
