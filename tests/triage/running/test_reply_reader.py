"""What a reply says: thanks only where nothing else is said, by the list or by the engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from triage.core.types import Assessment, Guard, Stance, StanceFound
from triage.running import reply_reader
from triage.running.reply_reader import PHRASES, only_thanks, read_reply
from triage.running.runtime import LOOK_AGAIN_SECONDS, Runtime


@pytest.fixture(autouse=True)
def no_engine() -> Iterator[None]:
    before = reply_reader._glance
    reply_reader.use_engine(None)
    yield
    reply_reader.use_engine(before)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks", "thanks!", "THANK YOU!!!", "Thank you very much.", "Great, thanks", "Hi team,\n\nthank you so much!",
        "Perfect, it works now. Thanks for your help!", "It’s solved, thanks",
        "Ok thanks 👍", "Thanks 🙏🏽", "❤️ thank you", "Thanks :)", "  thx  ", "Yes, that worked – thank you",
        "Danke!", "Vielen Dank für die schnelle Antwort. Schönen Tag noch!", "Super, hat geklappt, danke",
        "Merci beaucoup !", "Parfait, ça marche. Merci", "C’est réglé, merci", "¡Muchas gracias!", "Perfecto, ya funciona",
        "Grazie mille", "Ottimo, grazie", "Dank je wel!", "Top, bedankt", "Hi, danke",
        "Danke, jetzt ist alles gut!", "Olá, muito obrigada. Já funciona!",
    ],
)  # fmt: skip
def test_a_reply_that_only_thanks_is_known(text: str) -> None:
    assert read_reply(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "", "!!!", "👍", "Ok", "Great", "Hello", "Thanks?", "It works?", "Thanks, but it does not work",
        "Thanks. It does not work.", "Thanks for nothing", "No thanks", "not solved", "Thanks, and how do I pay?",
        "Thanks! Please also change my address", "Thanks in advance", "Thanks 😡", "thanks :(", "Great, thanks :-/",
        "Nothing works now", "It worked yesterday", "Thank you, I will sue you", "Thanks 4711", "Danke, aber es geht nicht",
        "Danke, nein", "Nicht gelöst", "Merci mais non", "Gracias, pero no funciona", "Grazie, ma non funziona",
        "Bedankt, maar het werkt niet", "danke für nichts", "Obrigado, mas não funciona", "thanks " * 60,
    ],
)  # fmt: skip
def test_a_reply_that_says_anything_else_is_not(text: str) -> None:
    assert read_reply(text) == ""


def test_every_phrase_of_the_list_that_thanks_is_enough_and_none_beside_it_is() -> None:
    for language in json.loads(PHRASES.read_text(encoding="utf-8")).values():
        assert not [phrase for phrase in language["thanks"] if not only_thanks(phrase)]
        assert not [phrase for phrase in language["beside"] if only_thanks(phrase)]


def says(stance: Stance | None, **facts: object) -> None:
    found = StanceFound(stance, 0.5) if stance else None
    assessment = Assessment(intent=None, confidence=0.0, stance=found, **facts)  # type: ignore[arg-type]
    reply_reader.use_engine(lambda text, seconds: assessment)


@pytest.mark.parametrize(
    ("stance", "meaning"),
    [
        (Stance.SETTLED, "thanks"),
        (Stance.ALREADY_TRIED, "did_not_help"),
        (Stance.GRAVE, ""),
        (Stance.TWO_WISHES, ""),
        (Stance.NOT_ASKED, ""),
        (None, ""),
    ],
)
def test_where_the_list_is_silent_the_engine_is_asked(stance: Stance | None, meaning: str) -> None:
    says(stance)
    assert read_reply("The parcel arrived this morning after all") == meaning


@pytest.mark.parametrize(
    "facts",
    [
        {"guard": Guard("legal", "sue")},
        {"several_questions": True},
        {"questions": ("one", "two")},
        {"read_whole": False},
    ],
)
def test_what_says_anything_beside_that_it_is_settled_is_not_thanks(facts: dict) -> None:
    says(Stance.SETTLED, **facts)
    assert read_reply("The parcel arrived this morning after all") == ""


def test_a_process_without_an_engine_asks_none(db: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert Runtime().glance("It arrived", 1.0) is None


def test_an_engine_that_is_busy_says_nothing(db: None) -> None:
    runtime = Runtime()
    runtime.warm()
    runtime._executor.submit(time.sleep, 0.3)
    started = time.monotonic()
    assert runtime.glance("It arrived", 0.02) is None
    assert time.monotonic() - started < 0.2
    time.sleep(0.35)
    assert runtime.glance("It arrived", 1.0) is not None
    runtime._executor.shutdown()


def test_where_a_broker_judges_elsewhere_a_glance_brings_the_engine_up_to_date_beside(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = "redis://broker"
    runtime, loaded = Runtime(), threading.Event()
    warm = runtime.warm
    monkeypatch.setattr(runtime, "warm", lambda: (warm(), loaded.set()))
    started = time.monotonic()
    assert runtime.glance("It arrived", 0.02) is None
    assert time.monotonic() - started < 0.2
    assert loaded.wait(10)
    assert runtime.glance("It arrived", 1.0) is not None
    loaded.clear()
    assert not loaded.wait(0.2)  # a minute has not passed
    runtime._looked_at -= LOOK_AGAIN_SECONDS
    runtime.glance("It arrived", 1.0)
    assert loaded.wait(10)
    runtime._executor.shutdown()


def test_a_look_beside_that_fails_is_tried_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BROKER_URL = "redis://broker"
    runtime, tried = Runtime(), []

    def fail() -> None:
        tried.append(1)
        raise OSError

    monkeypatch.setattr(runtime, "warm", fail)
    for _ in range(2):
        assert runtime.glance("It arrived", 0.02) is None
        assert runtime._looking.acquire(timeout=10)
        runtime._looking.release()
        runtime._looked_at -= LOOK_AGAIN_SECONDS
    assert len(tried) == 2
