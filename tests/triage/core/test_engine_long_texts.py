"""How much the engine does for a long text, counted in calls and predictions: no clock is asked."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tests.triage.core.shop import PHRASES, THINGS, shop_examples
from triage.core.deciding.rules import RuleBook
from triage.core.engine import JOINTS_TRIED, PASSAGES_TRIED, Engine
from triage.core.learning.features import MAX_WORDS
from triage.core.learning.model import Model
from triage.core.reading.joints import MOST_JOINTS, SIDE_WORDS, find_joints
from triage.core.reading.mail import MAX_MAIL_CHARS
from triage.core.reading.text import MAX_OWN_CHARS, find_ask
from triage.core.similar.similarity import TicketIndex
from triage.core.types import Guard, ResolvedTicket

CHANCE = random.Random(0)
SENTENCES = [
    f"{CHANCE.choice(CHANCE.choice(list(PHRASES.values()))).format(CHANCE.choice(THINGS))} {CHANCE.randint(0, 99)} times?"
    for _ in range(25_000)
]
WORDS = ["".join(CHANCE.choices("abcdefghijklmnop", k=CHANCE.randint(2, 9))) for _ in range(150_000)]
PROSE = " ".join(SENTENCES)

KINDS: dict[str, str] = {
    "one letter": "a" * 1_000_000,
    "one phrase": "where is my order " * 60_000,
    "prose": PROSE,
    "prose without marks": PROSE.replace("?", ""),
    "lines": "\n".join(SENTENCES),
    "a word a line": "\n".join(WORDS),
    "unknown words": " ".join(WORDS),
    "markup, flat": "".join(f"<p><b>{line}</b></p>" for line in SENTENCES),
    "markup, nested": "<div><blockquote><table><tr><td>where is it " * 25_000,
    "quoted": "\n".join(f"> {line}" for line in SENTENCES),
    "quote lines": "On 3 May 2024, Ana <ana@example.org> wrote:\n" * 25_000,
    "headers": "From: ana@example.org\nSent: 3 May 2024\nTo: b@example.org\nSubject: parcel\n" * 15_000,
    "signatures": "Ana Silva\nHead of Sales\n+44 20 7946 0000\nwww.example.org\n" * 18_000,
    "question marks": "a? b? c? " * 120_000,
    "colons": "a:\n" * 340_000,
    "table": "12\t3.50\t7\n" * 100_000,
    "emoji": "🙂👩‍👩‍👧 " * 200_000,
    "control characters": "".join(map(chr, range(32))) * 32_000,
}


#: Each tag is a step, and lines that end with a colon may open an older mail: those around them are looked at.
MOST_STEPS = {"markup, nested": 125_000, "colons": 220_000}


@pytest.fixture(scope="module")
def engine() -> Engine:
    index = TicketIndex.empty()
    index.add(ResolvedTicket(7, "please refund my lamp", "refund"))
    return Engine(RuleBook([], [Guard("legal", 'lawyer*|"you in court"')]), Model.fit(shop_examples()), index)


def calls(task: Callable[[], object]) -> int:
    """How many functions are entered meanwhile, those of the interpreter included."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counting)
    try:
        task()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_text_takes_a_bounded_number_of_steps(engine: Engine, kind: str) -> None:
    text = KINDS[kind][:100_000]
    engine.assess("", text)
    assert calls(lambda: engine.assess("", text)) <= MOST_STEPS.get(kind, 75_000)


@pytest.mark.parametrize("kind", ["prose", "a word a line", "markup, flat", "headers", "control characters"])
def test_what_is_far_down_takes_no_steps(engine: Engine, kind: str) -> None:
    engine.assess("", KINDS[kind])
    short, long = (calls(lambda size=size: engine.assess("", KINDS[kind][:size])) for size in (100_000, None))
    assert long <= 1.1 * short


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_takes_more_predictions_than_passages_and_questions(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    predict, predicted = Model._predict, []

    def counted(model: Model, read: Any, *, explain: bool = False) -> Any:
        predicted.append(read)
        return predict(model, read, explain=explain)

    monkeypatch.setattr(Model, "_predict", counted)
    engine.assess("", KINDS[kind])
    assert 1 <= len(predicted) <= 1 + PASSAGES_TRIED + 1 + 2 * JOINTS_TRIED


def test_of_many_joints_the_best_are_looked_at_and_each_side_of_them_is_short() -> None:
    joints = find_joints(" ".join(f"We met on day {i}. How do I repair lamp {i} of mine?" for i in range(60)))
    assert len(joints.found) == MOST_JOINTS
    assert (
        max(len(side.split()) for joint in joints.found for side in (joint.before, joint.after)) == SIDE_WORDS
    )
    assert not joints.complete


def test_what_must_not_be_automated_is_found_far_below_the_question(engine: Engine) -> None:
    story = "Where is my order? " + "We waited all day at home. " * 600
    assert MAX_OWN_CHARS < len(story) < MAX_MAIL_CHARS
    assert engine.assess("", story).guard is None
    assert engine.assess("", f"{story} I will see you in court.").guard is not None


QUESTION = "please refund my lamp"
STORY = "We waited all day at home. "
THREAT = "I will see you in court."
REPLY_TO = "On 3 May 2024 at 10:12, Ana <ana@example.org> wrote:\n"
HEADER = "From: Ana <ana@example.org>\nSent: 3 May 2024\nTo: b@example.org\nSubject: lamp\n\n"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("", f"{QUESTION} {STORY * 900}{THREAT}"),
        ("About a lamp " * 15, f"{QUESTION} {STORY * 730}{THREAT}"),
        (f"{QUESTION}{' ' * 50_000}{THREAT}", ""),
        ("", f"{QUESTION} {'& ' * 5_000}{THREAT}"),
        ("", f"{QUESTION}{' ' * 50_000}{THREAT}"),
        ("", f"{QUESTION}{chr(0x200B) * 50_000}{THREAT}"),
        ("", QUESTION + "\n-" * 1_000 + f"\n{THREAT}"),
        ("", f"<p>{QUESTION}</p>{'<p>.</p>' * 45_000}<p>{THREAT}</p>"),
        ("", f"<p>{QUESTION}</p>{'<b></b>' * 60_000}<p>{THREAT}</p>"),
        ("", f"{QUESTION}\n\n{REPLY_TO}{'> hello' * 3_000}\n{THREAT}"),
        ("Fwd: lamp", f"{HEADER}{QUESTION} {STORY * 900}{THREAT}"),
        ("Fwd: lamp", f"> {QUESTION}\n" + f"> {STORY}\n" * 900 + f"> {THREAT}"),
        ("", f"{QUESTION} {STORY * 250}Where is my order?"),
        ("", f"{QUESTION} {STORY * 600}Where is my order?"),
        ("", " ".join(f"How do I refund lamp {number}?" for number in range(30)) + " Where is my order?"),
        ("", QUESTION + " walk" * MAX_WORDS),
    ],
)
def test_a_ticket_that_is_not_read_to_its_end_says_so(engine: Engine, subject: str, body: str) -> None:
    assert not engine.assess(subject, body).read_whole


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("", ""),
        ("Lamp", f"{QUESTION} {STORY * 200}"),
        ("", QUESTION + " \n" * 50_000),
        ("", f"{QUESTION}\n\n{REPLY_TO}" + "> hello there\n" * 2_500),
        ("", f"{QUESTION}\n\n{REPLY_TO}{'hello there' * 9_000}"),
        ("", f"{QUESTION}\n\n{HEADER}" + "hello there\n" * 5_000),
        ("", f"<p>{QUESTION}</p><blockquote>{'<p>hello there</p>' * 2_000}</blockquote>"),
    ],
)
def test_blanks_and_older_mails_may_be_of_any_length(engine: Engine, subject: str, body: str) -> None:
    assert engine.assess(subject, body).read_whole


def test_the_question_is_looked_for_in_the_beginning_alone() -> None:
    story = "Where is my order? " + "It did not arrive at home. " * 600
    assert find_ask("", story).text == find_ask("", f"{story} How do I pay?").text


def test_joints_that_cannot_part_two_questions_are_ruled_out_before_they_are_believed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed: list[str] = []
    believe = Engine._believe
    monkeypatch.setattr(
        Engine, "_believe", lambda self, text, **how: [believed.append(text), believe(self, text, **how)][1]
    )
    assert not engine.assess("", "Please refund the lamp. Can you refund my lamp?").several_questions
    assert len(believed) == 1
    assert engine.assess("", "Please refund the lamp. Also, where is my parcel?").asked == (
        "refund",
        "track_order",
    )
    assert len(believed) == 4
