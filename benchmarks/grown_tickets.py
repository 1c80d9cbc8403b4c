"""A million tickets from fifty thousand real ones, by a recipe that keeps what makes search hard.

Every new ticket has the shape of a real one: it takes as many eight-word pieces as a randomly drawn real
ticket of the same set has, 40 % of them that ticket's own, the rest drawn from others. With a chance of a
quarter for each piece a new word is added, made of two real words. So lengths and word frequencies stay
those of the real tickets (common words occur in hundreds of thousands), the vocabulary grows with the
collection as it does in life (to about 430,000 terms at a million), and no ticket occurs twice.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

DATA = Path(os.environ.get("HELPDESK_DATA", Path(__file__).resolve().parents[1] / ".." / "shared" / "data"))
PIECE = 8
OWN_PIECES = 0.4
NEW_WORDS = 0.25


def read_texts(name: str) -> list[str]:
    """Return the texts of a data set; stop with a clear line where it is absent."""
    path = DATA / name
    if not path.exists():
        raise SystemExit(f"{path} is absent; set HELPDESK_DATA to the folder of the data sets")
    with path.open(newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def _pieces(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[place : place + PIECE]) for place in range(0, len(words), PIECE)]


def grow(sets: Sequence[Sequence[str]], count: int, seed: int = 0) -> Iterator[str]:
    """Yield ``count`` different tickets made from sets of real ones."""
    rng = random.Random(seed)
    cut = [[_pieces(text) for text in texts] for texts in sets]
    drawn = [(own, others) for others in cut for own in others]
    words = [word for texts in sets for text in texts[::7] for word in text.split()]
    seen: set[int] = set()
    while len(seen) < count:
        own, others = rng.choice(drawn)
        parts = [piece if rng.random() < OWN_PIECES else rng.choice(rng.choice(others)) for piece in own]
        if rng.random() < NEW_WORDS * len(parts):
            parts.append(rng.choice(words) + rng.choice(words))
        text = " ".join(parts)
        if hash(text) not in seen:
            seen.add(hash(text))
            yield text
