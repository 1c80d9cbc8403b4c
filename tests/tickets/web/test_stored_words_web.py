"""Whatever somebody writes into any field is text on every page that shows it: read back by a parser, as a browser would."""

from __future__ import annotations

import itertools
import random
from html.parser import HTMLParser
from typing import Any

import pytest

from accounts.models import User
from tickets.models import Attachment, Ticket
from triage.answers.help.models import Article, Unfound, Vote
from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db

CORES = (
    "<script>xss()</script>", "<img src=xss onerror=xss()>", "<svg/onload=xss()>", "<iframe src=javascript:xss()>",
    "<a href=javascript:xss()>x</a>", "<body onload=xss()>", "<details open ontoggle=xss()>", "<input autofocus onfocus=xss()>",
    "<math><mi xlink:href=javascript:xss()>", "<form action=javascript:xss()><button>", "<object data=javascript:xss()>",
    "<base href=//xss.example>", "<meta http-equiv=refresh content=0;url=javascript:xss()>", "<style>@import'xss'</style>",
    "<link rel=stylesheet href=//xss.example>", "[x](javascript:xss())", "[x](https://a\" onclick=xss())", "**<b onclick=xss()>**",
    "https://a.example/\"onmouseover=xss()", "mailto:a@b.example\"onclick=xss()", "&lt;script&gt;xss()&lt;/script&gt;",
    "{{ xss }}{% xss %}", "</textarea><script>xss()</script>", "</title><script>xss()</script>", "<!--><script>xss()</script>-->",
)  # fmt: skip
BEFORE = ("", '"', "'", '">', "'>", "--><", "</", "`", "]]>", "\u2028", "\\x3c", "%3c")
PAYLOADS = [before + core for core, before in itertools.product(CORES, BEFORE)]  # 300


class Reader(HTMLParser):
    """What a page would run, or fetch from elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            target = (value or "").strip().lower()
            if name.startswith("on") or (name in {"href", "src", "action", "data"} and "xss" in target[:16]):
                self.bad.append(f"<{tag} {name}={value}>")
            if name in {"href", "src", "action", "formaction", "xlink:href"} and target.startswith(
                "javascript:"
            ):
                self.bad.append(f"<{tag} {name}={value}>")
        if tag in {"iframe", "object", "embed", "base", "math"}:
            self.bad.append(f"<{tag}>")
        if tag == "script" and not dict(attrs).get("src") and dict(attrs).get("type") != "application/json":
            self.bad.append("<script>")


def faults(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.bad


@pytest.mark.parametrize(
    "payload", ["<script>xss()</script>", "<img src=xss onerror=xss()>", "<a href=javascript:x>"]
)
def test_the_reader_sees_what_it_looks_for(payload: str) -> None:
    assert faults(f"<p>{payload}</p>")
    assert not faults("<p>&lt;script&gt; <a href='/help/'>x</a></p><script nonce='a' src='/a.js'></script>")


@pytest.fixture
def pages(
    web: Any, requester: User, agent: User, supervisor: User, submit: Any, engine: Any
) -> list[tuple[User | None, str]]:
    """Every field filled with hostile words; who opens which page."""
    assert len(PAYLOADS) == 300
    words = random.Random(13)
    some = lambda number, length: " ".join(words.sample(PAYLOADS, number))[:length]  # noqa: E731
    User.objects.filter(pk=requester.pk).update(name=some(2, 120))
    requester.refresh_from_db()
    whole = "\n\n".join(PAYLOADS)
    ticket: Ticket = submit(requester=requester, subject=some(6, 180), body=whole)
    ticket.reply(whole, author=agent)
    ticket.messages.create(sender="machine", kind="reply", body=whole)
    ticket.record_feedback(solved=False, rating=1, comment=some(20, 900), actor=requester)
    message = ticket.messages.first()
    Attachment.objects.create(
        message=message, name=some(2, 120), file="x", size=1, content_type="text/plain", sha256="0" * 64
    )
    intent = Intent.objects.create(slug="hostile", title=some(2, 100))
    Answer.objects.create(intent=intent, body=whole.replace("{", "(").replace("}", ")")[:7900]).approve(None)
    Article.objects.create(
        intent=intent, title=some(2, 110), summary=some(3, 190), topic=some(1, 60)
    ).approve(None)
    Vote.objects.create(slug="hostile", language="en", version=1, helpful=False, comment=some(9, 490))
    Unfound.note(some(2, 90), "en")
    own = ticket.get_absolute_url()
    return [
        (requester, own), (requester, "/"), (requester, "/tickets/"), (requester, f"/tickets/?q={'%3Cscript%3Exss()%3C/script%3E'}"),
        (requester, "/accounts/profile/"), (requester, "/tickets/new/?question=%3C/textarea%3E%3Cscript%3Exss()%3C/script%3E"),
        (None, "/help/"), (None, "/help/hostile/"), (None, "/help/?q=%22%3E%3Cimg%20src=xss%20onerror=xss()%3E"),
        (None, "/sitemap.xml"), (None, "/nothing/%3Cscript%3Exss()%3C/script%3E"),
        (agent, own), (agent, f"/admin/tickets/ticket/{ticket.pk}/change/"), (agent, "/admin/tickets/ticket/"),
        (supervisor, "/admin/help-readers/"), (supervisor, f"/admin/help/article/{intent.articles.get().pk}/change/"),
        (supervisor, f"/admin/triage/answer/{intent.answers.get().pk}/change/"),
    ]  # fmt: skip


def test_no_page_runs_what_was_written_into_any_field(web: Any, pages: list[tuple[User | None, str]]) -> None:
    found = {}
    for user, path in pages:
        answer = web(user).get(path)
        assert answer.status_code in {200, 404}, path
        text = answer.content.decode()
        bad = faults(text)
        if path.startswith("/admin"):  # the theme's library starts itself inline
            bad = [fault for fault in bad if "xss" in fault]
            assert "<script>xss" not in text, path
        if bad:
            found[path] = bad[:3]
        if path == pages[0][1]:
            assert "&lt;script&gt;xss()&lt;/script&gt;" in text  # it is shown at all
    assert not found


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/help/",
        "/tickets/new/",
        "/accounts/login/",
        "/accounts/signup/",
        "/robots.txt",
        "/sitemap.xml",
        "/nothing/",
    ],
)
def test_every_public_page_answers_head_and_says_how_long_it_is_kept(web: Any, path: str) -> None:
    whole, head = web().get(path), web().head(path)
    assert head.status_code == whole.status_code
    kept = whole["Cache-Control"]
    assert "private" in kept or "no-store" in kept or path in {"/robots.txt", "/sitemap.xml"}
    assert "unsafe" not in whole["Content-Security-Policy"]


def test_what_may_be_somebodys_own_is_stored_nowhere(web: Any, requester: User) -> None:
    for path in ("/", "/tickets/", "/tickets/new/", "/accounts/profile/", "/help/"):
        assert "no-store" in web(requester).get(path)["Cache-Control"], path
