"""The contrast texts of the starter pack: enough of every stance, each text in one place, no test message among them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import honest
from tests.triage.learning.test_starter_pack_content import INTENTS, OUT_OF_SCOPE, examples, normalised
from triage.core.deciding.rules import fold
from triage.core.types import Contrast, GraveTopic, Stance
from triage.learning.pack import STARTER, read_contrast

CONTRAST = read_contrast(STARTER / "contrast.yaml")
PLAIN = [text for _, text in examples()]
OF_NO_TOPIC = {Stance.SPAM, Stance.MACHINE_WRITTEN, Stance.MANIPULATION}  # carry our words by chance only


def without_numbers(text: str) -> str:
    """What is left of a text that was written again with another order number."""
    return " ".join(word for word in fold(text) if not any(map(str.isdigit, word))) or normalised(text)


def texts(stance: Stance, topic: str = "") -> list[Contrast]:
    return [row for row in CONTRAST if row.stance is stance and row.topic == topic]


def test_there_are_as_many_texts_as_promised() -> None:
    assert len(CONTRAST) >= 12_000
    assert len(PLAIN) >= 19_000


@pytest.mark.parametrize("slug", INTENTS)
def test_an_intent_has_enough_plain_askings(slug: str) -> None:
    assert len(INTENTS[slug]["examples"]) >= 250


@pytest.mark.parametrize("stance", Stance)
def test_every_stance_has_enough_texts(stance: Stance) -> None:
    assert sum(row.stance is stance for row in CONTRAST) >= 300


@pytest.mark.parametrize("topic", GraveTopic)
def test_everything_grave_has_enough_texts(topic: GraveTopic) -> None:
    assert len(texts(Stance.GRAVE, topic)) >= 120


@pytest.mark.parametrize("topic", GraveTopic)
def test_what_is_grave_stands_alone_and_beside_a_request(topic: GraveTopic) -> None:
    beside = sum(row.intent is not None for row in texts(Stance.GRAVE, topic))
    assert 0.2 <= beside / len(texts(Stance.GRAVE, topic)) <= 0.95


@pytest.mark.parametrize("stance", sorted(set(Stance) - OF_NO_TOPIC))
def test_a_stance_is_shown_on_nearly_every_topic(stance: Stance) -> None:
    assert len({row.intent for row in CONTRAST if row.stance is stance}) >= 0.8 * len(INTENTS)


def test_only_a_grave_text_has_a_topic() -> None:
    assert {row.stance for row in CONTRAST if row.topic} == {Stance.GRAVE}
    assert [row for row in CONTRAST if row.stance is Stance.GRAVE and not row.topic] == []


def test_the_intents_of_contrast_texts_exist() -> None:
    assert {row.intent for row in CONTRAST} - set(INTENTS) == {None}


def test_no_text_of_the_pack_stands_in_two_places() -> None:
    whole = [*PLAIN, *OUT_OF_SCOPE, *(row.text for row in CONTRAST)]
    assert [text for text, count in Counter(map(normalised, whole)).items() if count > 1] == []


def test_no_text_is_repeated_with_another_number() -> None:
    written = Counter((row.stance, row.topic, without_numbers(row.text)) for row in CONTRAST)
    assert [place for place, count in written.items() if count > 1] == []


def test_no_message_of_the_tests_is_in_the_pack() -> None:
    taught = {normalised(text) for text in [*PLAIN, *OUT_OF_SCOPE, *(row.text for row in CONTRAST)]}
    tested = [row for name in honest.sets() for row in honest.messages(name)]
    assert [row for row in [*tested, *honest.reported()] if normalised(row.text) in taught] == []
