"""The help centre in the widget's frame."""

from __future__ import annotations

import pytest

from tickets.channels.widget.models import Site
from triage.answers.help.models import Article, Unfound
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
