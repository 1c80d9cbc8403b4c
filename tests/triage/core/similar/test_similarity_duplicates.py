"""Quality on real duplicates: the one right ticket among 10,000 others."""

from __future__ import annotations

import pytest

from benchmarks.duplicates import SETS, mean_reciprocal_rank
from benchmarks.grown_tickets import DATA, grow


@pytest.mark.skipif(not (DATA / "stackfaq").is_dir(), reason=f"no data sets in {DATA} (set HELPDESK_DATA)")
def test_a_rephrased_question_finds_its_original_near_the_top() -> None:
    reciprocal, _ = mean_reciprocal_rank(SETS)
    assert reciprocal >= 0.78


def test_grown_tickets_differ_and_are_made_of_the_given_words() -> None:
    sets = [[f"word{n} word{n + 1} card lost again please help now and {n} times more" for n in range(40)]]
    texts = list(grow(sets, 300, seed=3))
    assert len(set(texts)) == 300
    assert texts == list(grow(sets, 300, seed=3))
    assert any(word not in " ".join(sets[0]).split() for word in " ".join(texts).split())
