"""The help centre in the widget's frame, and the answers beside its form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tickets.channels.widget import frame
from tickets.channels.widget.models import Site
from triage.answers.help import suggestions
from triage.answers.help.models import Article, Encounter, Unfound
from triage.core.types import Assessment
from triage.models import Answer, Intent
from triage.oversight import versions

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(supervisor) -> Site:
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund")
    answer = Answer.objects.create(intent=intent, body="Refunds take five days.")
    with versions.changing("answer", by=supervisor):
        answer.approve(None)
    facts = {"title": "Where is my refund?", "summary": "Five days.", "topic": "Refunds"}
    Article.objects.create(intent=intent, **facts).approve(None)
    return Site.objects.create(name="Shop", origins="https://shop.example.com")


def test_what_is_searched_is_found_read_and_carried_into_the_form(web, site) -> None:
    browser, start = web(), f"/widget/{site.key}/help/"
    found = browser.get(start, {"q": "refnud", "lang": "en"})
    assert "Where is my refund?" in found.content.decode()
    assert f"{start}track_refund/?lang=en-gb&amp;q=refnud" in found.content.decode()
    article = browser.get(f"{start}track_refund/?lang=en&q=refnud").content.decode()
    assert "Refunds take five days." in article
    assert "question=refnud" in article
    assert "refnud</textarea>" in browser.get(f"/widget/{site.key}/?question=refnud").content.decode()
    assert "frame-ancestors https://shop.example.com" in found["Content-Security-Policy"]


def test_what_is_not_found_is_counted_and_can_be_asked(web, site) -> None:
    page = web().get(f"/widget/{site.key}/help/", {"q": "zeppelin"}).content.decode()
    assert "No answer for “zeppelin”" in page
    assert Unfound.objects.filter(words="zeppelin").exists()


def test_an_article_that_is_not_there_is_no_page_in_a_frame(web, site) -> None:
    assert web().get(f"/widget/{site.key}/help/nothing/").status_code == 404


def test_without_words_there_are_the_first_articles(web, site) -> None:
    assert "Where is my refund?" in web().get(f"/widget/{site.key}/help/").content.decode()


# --- Beside the form ----------------------------------------------------------------------------------------


@pytest.fixture
def beside(site, monkeypatch, settings) -> Any:
    """``beside(path, **facts)``: what the frame is answered while somebody writes there."""
    settings.HELP_HELD_BACK_SHARE = 0.0
    sure = Assessment(intent="track_refund", confidence=0.9, in_scope=True)
    monkeypatch.setattr(suggestions.runtime, "glance", lambda text, seconds: sure)
    token = frame.Frame(site, "", "").token

    def post(path: str, browser: Any = None, **facts: str) -> str:
        answer = (browser or Client()).post(
            f"/widget/{site.key}/{path}/", {"token": token, "lang": "en", **facts}
        )
        assert answer.status_code == 200
        assert not answer.cookies
        return str(answer.content.decode())

    return post


WORDS = "Where is my refund, please?"


def carried_by(page: str) -> str:
    return re.search(r'data-carried="([^"]+)"', page)[1]


def test_answers_while_writing_need_no_session_and_count(beside) -> None:
    page = beside("suggestions", body=WORDS)
    assert "Refunds take five days." in page
    carried = carried_by(page)
    assert carried_by(beside("suggestions", body=f"{WORDS} I wait.", carried=carried)) == carried
    assert "haven’t sent" in beside("solved", carried=carried, article="track_refund")
    met = Encounter.objects.get()
    assert (met.shown, met.solved, met.asked, met.offered) == (True, "track_refund", False, ["track_refund"])


def test_a_share_sees_none_and_what_is_sent_counts_for_its_group(
    beside, site, settings, submit, engine
) -> None:
    settings.HELP_HELD_BACK_SHARE = 1.0
    page = beside("suggestions", body=WORDS)
    assert "Refunds take" not in page
    form = {"body": WORDS, "email": "gus@example.com", "token": frame.Frame(site, "", "").token}
    Client().post(f"/widget/{site.key}/", {**form, "carried": carried_by(page)})
    met = Encounter.objects.get()
    assert (met.shown, met.asked) == (False, True)
    assert "haven’t sent" not in beside("solved", carried=carried_by(page), article="track_refund")


@pytest.mark.parametrize("carried", ["", "forged", "1", "forged:1:x"])
def test_a_forged_encounter_counts_nothing(beside, carried) -> None:
    assert "haven’t sent" not in beside("solved", carried=carried, article="track_refund")
    beside("suggestions", body=WORDS, carried=carried)
    assert Encounter.objects.get().solved == ""


def test_only_a_page_of_this_frame_may_ask(web, site) -> None:
    for path in ("suggestions", "solved"):
        for facts in ({}, {"token": "forged"}):
            assert web().post(f"/widget/{site.key}/{path}/", {"body": WORDS, **facts}).status_code == 403
    assert not Encounter.objects.exists()
