"""HTML mail as lines of text: what a browser would show, quotes marked, nothing hidden read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.reading.markup import looks_like_html, read_html


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One</p>   <p>Two</p>", "One\n\nTwo"),
        ("<P>Upper</P>", "Upper"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<div>Hello <b>bold</b> word</div>", "Hello bold word"),
        ("un<b>break</b>able", "unbreakable"),
        ("<tr><td>a</td><td>b</td></tr><tr><th>c</th></tr>", "a b\n\nc"),
        ("a  \n b", "a b"),
        ("<p></p><p></p><p>x</p>", "x"),
        ("<o:p>y</o:p>", "y"),
        ("<img alt='x'>y", "y"),
    ],
)
def test_tags_end_words_and_lines_as_a_browser_shows_them(source: str, lines: str) -> None:
    assert read_html(source) == (lines, True)


@pytest.mark.parametrize(
    "source",
    [
        "<style>p{}</style>Text",
        "<style>p > b {}</style>Text",
        "<script>if (a < b) {}</script><p>Text</p>",
        "<head><title>T</title><meta x></head>Text",
        "<svg><path d=''>shape</svg>Text",
        "<head/>Text",
        "<!-- hidden -->Text",
        "<!-- a - b -- c -->Text",
        "<!DOCTYPE html><p>Text",
        "<?xml version='1'?>Text",
        "Text<!-- never closed",
        "Text<style>never closed",
        "<STYLE>p{}</STYLE>Text",
        '<div style="display:none">seen by machines</div>Text',
        "<span style='color:red; DISPLAY : none'>a <span>b</span> c</span>Text",
        "<div hidden>a <div>b</div> c</div>Text",
        '<p style="mso-hide:all">a</p>Text',
        '<div style="visibility:hidden">a<style>p{}</style>b</div>Text',
    ],
)
def test_what_a_browser_hides_is_not_read(source: str) -> None:
    assert read_html(source)[0] == "Text"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("<blockquote>old<br>older</blockquote>new", "> old\n> older\nnew"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>d", "> a\n> b\n> c\nd"),
        ("mine<blockquote>theirs</blockquote>", "mine\n> theirs"),
        ("</blockquote>x", "x"),
        ("</blockquote></blockquote><blockquote>x</blockquote>y", "> x\ny"),
        ("<blockquote>a<p></p>b</blockquote>", "> a\n\n> b"),
    ],
)
def test_a_quote_is_marked_line_by_line_and_ends_where_it_ends(source: str, lines: str) -> None:
    assert read_html(source)[0] == lines


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;b&gt; &amp;amp; &euro;5", "<b> &amp; €5"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<foo>bar</foo>", "<foo>bar</foo>"),
        ("Write to <rita@example.com>", "Write to <rita@example.com>"),
        ("a <- b", "a <- b"),
    ],
)
def test_what_is_no_markup_stays_and_signs_are_resolved_once(source: str, text: str) -> None:
    assert read_html(source)[0] == text


def test_reading_stops_where_enough_is_shown_and_says_so() -> None:
    source = f"<p>{'abc' * 10}</p><p>more</p>"
    assert read_html(source, most=10) == ("abc" * 10, False)
    assert read_html(source, most=30) == ("abc" * 10, False)
    assert read_html(source, most=35) == (f"{'abc' * 10}\n\nmore", True)
    assert read_html(f"<style>{'x' * 50}</style><p>seen</p>", most=20) == ("seen", True)


@pytest.mark.parametrize(
    "text", ["<p>", "<br/>", "x <b>y", "<H1>", "<span class='x'>", "<o:p>", "<a href=x>"]
)
def test_a_tag_of_mail_shows_that_it_is_html(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize(
    "text", ["", "<b", "a < b", "<foo>", "<spanner>", "<rita@example.com>", "p>", "< p>"]
)
def test_an_address_or_a_sign_is_no_html(text: str) -> None:
    assert not looks_like_html(text)


@given(st.text(alphabet="<>/ab p&;!-\"'\n", max_size=200))
def test_any_markup_is_read(source: str) -> None:
    text, whole = read_html(source)
    assert whole
    assert text == text.strip("\n")
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "source",
    [
        '<p style="display:none">Text',
        '<div class="hidden-xs">Text</div>',
        '<div style="display:block">Text</div>',
        '<div data-hidden="1">Text</div>',
    ],
)
def test_what_may_be_seen_is_read(source: str) -> None:
    assert read_html(source) == ("Text", True)
