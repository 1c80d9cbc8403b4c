"""Finding the nearest among all vectors: the one way in, whoever keeps them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Coded:
    """Vectors of length one by ticket id, ascending: rows of one byte a number, each with its own scale."""

    ids: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]

    @classmethod
    def none(cls, size: int) -> Coded:
        return cls(np.zeros(0, np.int64), np.zeros((0, size), np.int8), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> int:
        """Numbers of each vector."""
        return int(self.codes.shape[1])

    def rows(self, which: slice | npt.NDArray[np.int64]) -> Vector:
        """Some of the vectors as numbers; shape (n, size)."""
        plain = self.codes[which].astype(np.float32) * self.scales[which][:, np.newaxis]
        return np.ascontiguousarray(plain)

    def products(self, vector: Vector, ids: npt.NDArray[np.int64]) -> Vector:
        """Return the product of a vector with each ticket's, 0 for unknown ids; shape (n_ids,)."""
        products = np.zeros(len(ids), dtype=np.float32)
        if len(self):
            places = np.minimum(self.ids.searchsorted(ids), len(self) - 1)
            known = (self.ids[places] == ids).nonzero()[0]
            places = places[known]
            products[known] = (self.codes[places].astype(np.float32) @ vector) * self.scales[places]
        return products


class NearestStore(Protocol):
    """What is asked for the nearest."""

    def search(
        self, vector: Vector, k: int, *, without: Collection[int] = (), within: Collection[int] | None = None
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


class Keeper(Protocol):
    """Where the vectors of an index are kept to be searched."""

    def keep(self, folder: Path, vectors: Coded) -> None:
        """Store them while their index is being written into ``folder``, which is sealed after."""

    def open(self, folder: Path, vectors: Coded) -> NearestStore:
        """What was kept for the index in ``folder``, whose bytes are checked. ArtefactError where it is gone."""
