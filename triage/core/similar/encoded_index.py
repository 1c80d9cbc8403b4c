"""Similar tickets in order of meaning: found by their words, then put in order by a sentence encoder."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triage.core import artefact
from triage.core.artefact import save_array, seal, written_whole
from triage.core.errors import ArtefactError
from triage.core.similar.nearest import Coded, Keeper, NearestStore
from triage.core.similar.similarity import TicketIndex, wanted
from triage.core.types import ResolvedTicket, SimilarTicket
from triage.core.vectors import Encoder

KIND = "ticket-vectors"
#: Tickets found by their words that are put in order anew.
DEPTH = 200
#: How much the words still count. Measured on true duplicates: 0 and 0.2 differ by 0.003 in MRR.
WORD_SHARE = 0.2
#: Cosine from which a ticket that shares no word is near enough to be shown.
NEAR = 0.5
#: Texts that are encoded together while building.
BATCH = 256
_STEPS = 127

Vectors = npt.NDArray[np.float32]
_Coded = tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]


class EncodedTicketIndex:
    """A `TicketIndex` whose first `DEPTH` tickets are put in order by the nearness of their vectors.

    Takes the place of a `TicketIndex`: same methods, and similarities still in [0, 1]. Vectors are stored as
    whole numbers of one byte, mapped read-only. A query costs one call of the encoder. Safe for threads.

    With ``nearest`` those nearest by meaning are found too that share no word with the text.
    """

    def __init__(
        self,
        encoder: Encoder,
        words: TicketIndex,
        vectors: Coded,
        nearest: NearestStore | None = None,
    ) -> None:
        self._encoder = encoder
        self._words = words
        self._vectors = vectors
        self._nearest = nearest
        self._stale: set[int] = set()  # removed or replaced since the vectors were stored
        self._recent: dict[int, Vectors] = {}
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls,
        tickets: Iterable[ResolvedTicket],
        folder: Path,
        encoder: Encoder,
        *,
        nearest: Keeper | None = None,
    ) -> EncodedTicketIndex:
        """Store an index of these tickets and open it; see `TicketIndex.build`.

        With ``nearest``, which keeps the vectors, they are found by meaning alone too.

        Raises
        ------
        ArtefactError
            If an id occurs twice.
        EncoderError
            If the encoder fails.
        """
        with written_whole(folder, replace=True) as new:
            writer = _VectorWriter(encoder)
            TicketIndex.build(writer.passing(tickets), new / "words")
            writer.write(new / "vectors", nearest=nearest)
        return cls.open(folder, encoder, nearest=nearest)

    @classmethod
    def open(cls, folder: Path, encoder: Encoder, *, nearest: Keeper | None = None) -> EncodedTicketIndex:
        """Open a stored index, with ``nearest`` so that it finds by meaning alone.

        Raises
        ------
        ArtefactError
            If it is missing, corrupt, of another format version, or was built with another encoder.
        """
        vectors = _open_vectors(folder / "vectors", encoder)
        kept = nearest.open(folder / "vectors", vectors) if nearest else None
        return cls(encoder, TicketIndex.open(folder / "words"), vectors, kept)

    @classmethod
    def empty(cls, encoder: Encoder) -> EncodedTicketIndex:
        """Return an index without a base."""
        return cls(encoder, TicketIndex.empty(), Coded.none(encoder.size))

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, ticket_id: int) -> bool:
        return ticket_id in self._words

    @property
    def recent(self) -> int:
        """How many tickets are held in memory."""
        return self._words.recent

    def add(self, ticket: ResolvedTicket) -> None:
        """Take in a newly resolved ticket; one with the same id is replaced."""
        vector = self._encoder.encode([ticket.text])[0]
        with self._lock:
            self._stale.add(ticket.id)
            self._recent[ticket.id] = vector
            self._words.add(ticket)

    def remove(self, ticket_id: int) -> bool:
        """Drop a ticket from all later searches; tell whether it was here."""
        with self._lock:
            self._stale.add(ticket_id)
            self._recent.pop(ticket_id, None)
            return self._words.remove(ticket_id)

    def search(
        self, text: str, k: int = 5, *, exclude: Collection[int] = (), confirmed: int = 0
    ) -> tuple[SimilarTicket, ...]:
        """Find the tickets most similar in meaning among those that share words; see `TicketIndex.search`.

        Raises
        ------
        EncoderError
            If the encoder fails.
        """
        if k < 1 or not text.strip():
            return ()
        found = self._words.search(text, max(DEPTH, k), exclude=exclude, confirmed=DEPTH if confirmed else 0)
        if not found and self._nearest is None:
            return ()
        vector = self._encoder.encode([text])[0]
        found = (*found, *self._found_by_meaning(vector, k, {ticket.id for ticket in found} | set(exclude)))
        cosines = self._cosines(vector, [ticket.id for ticket in found])
        joined = [
            replace(ticket, similarity=(1 - WORD_SHARE) * cosine + WORD_SHARE * ticket.similarity)
            for ticket, cosine in zip(found, cosines, strict=True)
        ]
        return wanted(sorted(joined, key=lambda ticket: (-ticket.similarity, ticket.id)), k, confirmed)

    def _found_by_meaning(self, vector: Vectors, k: int, known: Collection[int]) -> Iterator[SimilarTicket]:
        """Tickets near enough that are not ``known``, stored and new ones; their similarities are left 0."""
        if self._nearest is None:
            return
        with self._lock:
            hidden, recent = self._stale | set(known), dict(self._recent)
        near = self._nearest.search(vector, k, without=hidden)
        near += [(id_, float(other @ vector)) for id_, other in recent.items() if id_ not in known]
        for id_, cosine in near:
            ticket = self._words.ticket(id_) if cosine >= NEAR else None
            if ticket is not None:
                yield ticket

    def _cosines(self, vector: Vectors, ids: Sequence[int]) -> list[float]:
        """Return cosines cut to [0, 1]; 0 for a ticket that was erased meanwhile."""
        cosines = self._vectors.products(vector, np.array(ids, dtype=np.int64))
        with self._lock:
            recent = {place: self._recent[id_] for place, id_ in enumerate(ids) if id_ in self._recent}
        for place, other in recent.items():
            cosines[place] = other @ vector
        return [float(cosine) for cosine in np.clip(cosines, 0, 1)]


def _open_vectors(folder: Path, encoder: Encoder) -> Coded:
    stored = artefact.load(folder, kind=KIND)
    if stored.manifest.settings["encoder"] != encoder.fingerprint:
        raise ArtefactError(f"{folder} was built with another encoder; train again.")
    return Coded(
        stored.array("ids", np.dtype(np.int64)),
        stored.array("codes", np.dtype(np.int8), dimensions=2),
        stored.array("scales", np.dtype(np.float32)),
    )


class _VectorWriter:
    """Encodes tickets on their way into the word index."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._ids: list[int] = []
        self._parts: list[_Coded] = [(np.zeros((0, encoder.size), np.int8), np.zeros(0, np.float32))]

    def passing(self, tickets: Iterable[ResolvedTicket]) -> Iterator[ResolvedTicket]:
        stream = iter(tickets)
        while batch := list(islice(stream, BATCH)):
            self._parts.append(_coded(self._encoder.encode([ticket.text for ticket in batch])))
            self._ids.extend(ticket.id for ticket in batch)
            yield from batch

    def write(self, folder: Path, *, nearest: Keeper | None = None) -> None:
        ids = np.array(self._ids, dtype=np.int64)
        by_id = np.argsort(ids)
        codes, scales = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        folder.mkdir()
        save_array(folder, "ids", ids[by_id], np.dtype(np.int64))
        save_array(folder, "codes", codes[by_id], np.dtype(np.int8))
        save_array(folder, "scales", scales[by_id], np.dtype(np.float32))
        if nearest:
            nearest.keep(folder, Coded(ids[by_id], codes[by_id], scales[by_id]))
        seal(folder, kind=KIND, settings={"encoder": self._encoder.fingerprint, "tickets": len(ids)})


def _coded(vectors: Vectors) -> _Coded:
    """Round each row to whole numbers of its own scale."""
    scales = np.abs(vectors).max(axis=1) / np.float32(_STEPS)
    steps = np.where(scales > 0, scales, np.float32(1))
    return np.rint(vectors / steps[:, np.newaxis]).astype(np.int8), scales


#: What the engine searches.
AnyTicketIndex = TicketIndex | EncodedTicketIndex


def build_index(
    tickets: Iterable[ResolvedTicket], folder: Path, encoder: Encoder | None, *, nearest: Keeper | None = None
) -> AnyTicketIndex:
    """Store an index by words, or by words and meaning where there is an encoder, and open it."""
    if encoder is None:
        return TicketIndex.build(tickets, folder)
    return EncodedTicketIndex.build(tickets, folder, encoder, nearest=nearest)


def open_index(folder: Path, encoder: Encoder | None, *, nearest: Keeper | None = None) -> AnyTicketIndex:
    """Open what :func:`build_index` stored. Raises ArtefactError where it was built with another encoder."""
    if encoder is None:
        return TicketIndex.open(folder)
    return EncodedTicketIndex.open(folder, encoder, nearest=nearest)


def empty_index(encoder: Encoder | None) -> AnyTicketIndex:
    """Return an index without a base."""
    return TicketIndex.empty() if encoder is None else EncodedTicketIndex.empty(encoder)
