"""Texts put together while training: what is grave stays grave, and what is harmless harmless, beside any request.

Most grave texts tell something and then ask. The asking half stands in thousands of plain askings too, and outweighs
what is told. So what a grave text tells is taught once more beside a request from elsewhere, and what a plain asking
tells likewise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from triage.core.reading.focus import sentences
from triage.core.reading.joints import asks

#: So many plain askings are looked through for requests and for harmless things that are told.
_LOOKED_THROUGH: Final = 6_000
_LONGEST_TOLD, _LONGEST_REQUEST = 220, 120
#: A request comes behind what is told three times in four.
_BEHIND: Final = 0.75


@dataclass(frozen=True, slots=True)
class Composed:
    """A text, the text that tells it, and the one that asks it, by their numbers."""

    text: str
    told_by: int
    asked_by: int


def compose(texts: Sequence[str], grave: Sequence[int], askings: Sequence[int], seed: int) -> list[Composed]:
    """Put what grave texts tell beside others' requests; then as many plain askings' likewise.

    Parameters
    ----------
    texts : sequence of str
    grave, askings : sequence of int
        Which of the texts are grave, and which are plain askings.
    seed : int
        The same texts and seed give the same.
    """
    rng = random.Random(seed)  # noqa: S311  # no secret
    some = sorted(rng.sample(list(askings), min(_LOOKED_THROUGH, len(askings))))
    requests = [(said, at) for at in some for said in _parts(texts[at])[1] if len(said) <= _LONGEST_REQUEST]
    if not requests:
        return []
    gravely, harmlessly = _telling(texts, grave), _telling(texts, some)
    told = [*gravely, *rng.sample(harmlessly, min(len(gravely), len(harmlessly)))]
    return [_joined(telling, rng.choice(requests), behind=rng.random() < _BEHIND) for telling in told]


def _joined(telling: tuple[str, int], request: tuple[str, int], *, behind: bool) -> Composed:
    (told, told_by), (asked, asked_by) = telling, request
    return Composed(f"{told} {asked}" if behind else f"{asked} {told}", told_by, asked_by)


def _telling(texts: Sequence[str], numbers: Sequence[int]) -> list[tuple[str, int]]:
    """What those of the texts tell that also ask something or not, as one text each."""
    told = ((" ".join(_parts(texts[at])[0]), at) for at in numbers)
    return [(said, at) for said, at in told if said and len(said) <= _LONGEST_TOLD]


def _parts(text: str) -> tuple[list[str], list[str]]:
    """The sentences that tell, and those that ask."""
    said = [sentence for sentence in sentences(text) if " " in sentence]
    return [one for one in said if not asks(one)], [one for one in said if asks(one)]
