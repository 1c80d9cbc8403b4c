"""What the gates kept, in words for staff."""

from __future__ import annotations

from triage.core.deciding.policy import decide
from triage.core.types import Assessment, IntentPolicy, PolicyConfig, Stance, StanceFound, Term
from triage.desk.evidence import StanceShown, asked, stance_shown


def facts(**assessment: object) -> dict:
    return dict(
        decide(
            Assessment(intent="refund", confidence=0.9, margin=0.9, **assessment),  # type: ignore[arg-type]
            intents={"refund": IntentPolicy()}, language="en", config=PolicyConfig(),
        ).facts
    )  # fmt: skip


def test_a_stance_is_told_with_its_topic_its_words_and_what_it_is_like() -> None:
    terms = (Term("died", 0.8), Term("order", -0.1))
    found = StanceFound(Stance.GRAVE, 0.4, topic="self_harm", terms=terms, nearest="My mother has died.")
    shown = stance_shown(facts(stance=found))
    assert shown == StanceShown("Something grave is told: self harm", ["died"], "My mother has died.")


def test_every_stance_has_words() -> None:
    for stance in Stance:
        shown = stance_shown(facts(stance=StanceFound(stance, 0.1)))
        assert shown is not None
        assert shown.words[0].isupper() and "_" not in shown.words


def test_a_plain_asking_and_an_old_decision_have_none() -> None:
    assert stance_shown(facts()) is None
    assert stance_shown({}) is None


def test_the_separate_questions_are_kept_where_they_stop_the_answer() -> None:
    two = ("Where is it?", "x" * 500)
    assert asked(facts(questions=two, several_questions=True)) == ["Where is it?", "x" * 200]
    assert asked(facts(questions=two)) == []
    assert asked({"questions": 2}) == []
    assert len(asked(facts(questions=("Why?",) * 30, several_questions=True))) == 8
