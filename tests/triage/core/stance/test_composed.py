"""What is told is taught again beside requests from elsewhere, and what was kept from learning stays unseen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from tests.triage.core.stance.stances import ASKINGS, CONTRASTS
from triage.core.stance.composed import compose
from triage.core.stance.model import StanceModel

TEXTS = [
    "The lamp gave me a shock. How do I send it back?",
    "My house burnt down.",
    "I bought it in May. Where is my order?",
    "Please cancel my order.",
    "We moved house last week. How do I change my address?",
]
GRAVE, PLAIN = [0, 1], [2, 3, 4]


def test_what_a_grave_text_tells_stands_beside_the_request_of_a_plain_one() -> None:
    composed = compose(TEXTS, GRAVE, PLAIN, 0)
    grave = [one for one in composed if one.told_by in GRAVE]
    assert {one.told_by for one in grave} == set(GRAVE)
    for one in grave:
        assert ("gave me a shock" in one.text) == (one.told_by == 0)
        assert one.asked_by in PLAIN
        assert "send it back" not in one.text


def test_as_much_that_is_harmless_is_told_beside_requests() -> None:
    composed = compose(TEXTS, GRAVE, PLAIN, 0)
    harmless = [one for one in composed if one.told_by in PLAIN]
    assert len(harmless) == len(GRAVE)
    assert all("bought it" in one.text or "moved house" in one.text for one in harmless)


def test_the_same_seed_composes_the_same() -> None:
    assert compose(TEXTS, GRAVE, PLAIN, 3) == compose(TEXTS, GRAVE, PLAIN, 3)


@pytest.mark.parametrize(("grave", "plain"), [([], PLAIN), (GRAVE, []), ([1], [2]), (GRAVE, [3])])
def test_where_a_half_is_missing_nothing_breaks(grave: Sequence[int], plain: Sequence[int]) -> None:
    for one in compose(TEXTS, grave, plain, 0):
        assert one.told_by in {*grave, *plain}
        assert one.asked_by in plain


def test_the_tolerance_is_found_on_texts_of_which_nothing_was_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[int] = []
    solve = StanceModel._solve

    def count(
        self: StanceModel, matrix: sparse.csr_matrix, labels: npt.NDArray[np.str_], names: Sequence[str]
    ) -> object:
        learnt.append(matrix.shape[0])
        return solve(self, matrix, labels, names)

    monkeypatch.setattr(StanceModel, "_solve", count)
    StanceModel().fit(ASKINGS, CONTRASTS)
    for_tolerance, for_good = learnt[0], learnt[1]
    real = len({e.text for e in ASKINGS} | {c.text for c in CONTRASTS})
    composed = for_good - real
    assert composed > 0
    # of 100 composed texts some 64 have both halves from the four fifths that are learnt
    assert for_tolerance <= 0.8 * real + 1 + 0.8 * composed
