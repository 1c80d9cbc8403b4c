"""Whatever somebody writes into any field is text on every page that shows it: read back by a parser, as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from accounts.models import User
from tests.stored_words import fill

pytestmark = pytest.mark.django_db


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
        if tag in {"iframe", "object", "embed", "math"} or (tag == "base" and "href" in dict(attrs)):
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
    requester: User, agent: User, supervisor: User, submit: Any, engine: Any
) -> list[tuple[User | None, str]]:
    return fill(requester, agent, supervisor, submit)


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
