"""Customers' words in every language: complete, compiled, chosen by account, switch, ticket or browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from helpdesk.management.commands import catalogues
from tickets.models import OutgoingMail, Ticket
from tickets.words import languages, names

pytestmark = pytest.mark.django_db

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?[a-z]+[^>]*>")
#: What a customer's template may show without a translation: values, symbols, names of nothing.
NO_WORDS = re.compile(r"[\W\d_]*")


def test_every_text_is_translated_and_the_compiled_catalogues_are_those_of_the_source() -> None:
    call_command("catalogues", "--check", stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize("language_tag", catalogues.language_tags())
def test_no_translation_loses_a_value_or_a_tag(language_tag: str) -> None:
    with (catalogues.FOLDER / language_tag / "LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file, locale=language_tag)
    for message in catalog:
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id:
            wanted = sorted(PLACEHOLDER.findall(ids[-1]))
            assert all(sorted(PLACEHOLDER.findall(said)) == wanted for said in strings), message.id


def bare_words(template: str) -> Iterator[str]:
    """Words that stand in a template and not in a translation."""
    text = re.sub(r"{% comment %}.*?{% endcomment %}|<style[^>]*>.*?</style>", "", template, flags=re.S)
    text = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", text, flags=re.S)
    text = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.S)
    yield from re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    for part in re.sub(r"<!doctype[^>]*>|<[^>]*>", "\n", text, flags=re.S).split("\n"):
        yield part.strip()


def customers_templates() -> list[Path]:
    root = settings.BASE_DIR / "templates"
    folders = (
        "account", "accounts", "components", "help", "mfa", "own_data", "socialaccount", "tickets", "widget",
    )  # fmt: skip
    files = [*root.glob("*.html"), *(file for name in folders for file in (root / name).rglob("*.*"))]
    staff = {
        "requester_wrote.txt",
        "urgent.txt",
        "late.txt",
        "assigned.txt",
        "bundle.txt",
        "webhook_off.txt",
        "followed.txt",
        "mentioned.txt",
        "nothing.html",
        "owed.html",
    }
    return sorted(file for file in files if file.name not in staff and file.suffix in {".html", ".txt"})


@pytest.mark.parametrize("file", customers_templates(), ids=lambda file: file.name)
def test_no_template_says_a_word_that_is_not_translated(file: Path) -> None:
    said = [words for words in bare_words(file.read_text()) if not NO_WORDS.fullmatch(words)]
    assert not [words for words in said if words not in {"--"}]


def test_a_bare_word_is_found() -> None:
    found = list(bare_words('<p title="Name">{% translate "Hello" %} there {{ x }}</p>'))
    assert {"Name", "there"} <= set(found)


@pytest.mark.parametrize(
    ("account", "cookie", "accepts", "expected"),
    [
        ("", "", "", "en-gb"),
        ("", "", "de-CH,en;q=0.5", "de"),
        ("", "fr", "de", "fr"),
        ("nl", "fr", "de", "nl"),
        ("", "xx", "ja", "en-gb"),
    ],
)
def test_account_before_switch_before_browser(web, requester, account, cookie, accepts, expected) -> None:
    requester.language = account
    requester.save()
    browser = web(requester)
    if cookie:
        browser.cookies["language"] = cookie
    page = browser.get("/", headers={"Accept-Language": accepts})
    assert page["Content-Language"] == expected
    assert f'lang="{expected}"' in page.content.decode()


def test_the_switch_is_kept_in_the_browser_and_with_the_account(web, requester) -> None:
    browser = web(requester)
    response = browser.post("/language/", {"language": "es", "next": "https://evil.example/"})
    requester.refresh_from_db()
    assert (response.url, requester.language) == ("/", "es")
    assert "¿En qué podemos ayudarle?" in browser.get("/").content.decode()


@pytest.mark.parametrize(
    ("wanted", "leads"), [("/tickets/", "/tickets/"), ("//x.example", "/"), ("x", "/"), ("home", "/")]
)
def test_the_switch_leads_to_an_address_and_never_to_the_name_of_a_view(
    web, db, wanted: str, leads: str
) -> None:
    assert web().post("/language/", {"language": "de", "next": wanted})["Location"] == leads


@pytest.mark.parametrize("path", ["/admin/login/", "/api/tickets"])
def test_staff_and_programs_get_english(web, path) -> None:
    answer = web().get(path, headers={"Accept-Language": "de"})
    assert answer.headers.get("Content-Language", "en-gb") == "en-gb"


def test_a_ticket_written_in_german_gets_its_page_and_mail_in_german(web, engine, requester) -> None:
    browser = web(requester)
    browser.post("/tickets/new/", {"body": "Wo ist mein Paket?"}, headers={"Accept-Language": "de"})
    ticket = Ticket.objects.get()
    assert ticket.language == "de"
    assert "an unser Team" in browser.get(ticket.get_absolute_url()).content.decode()
    mail = OutgoingMail.objects.get()
    assert mail.body.startswith("Hallo Rita,")
    assert 'lang="de"' in mail.html_body


def test_supported_takes_any_tag() -> None:
    said = {tag: languages.supported(tag) for tag in ("de-AT", "EN", "pt_BR", "xx", "")}
    assert said == {"de-AT": "de", "EN": "en-gb", "pt_BR": "pt", "xx": "", "": ""}


def test_states_and_buttons_have_one_name_each_in_every_language() -> None:
    for language_tag in ("en-gb", *catalogues.language_tags()):
        with translation.override(language_tag):
            assert all(str(words) for words in (*names.STATUS.values(), *names.ACTIONS.values()))
            assert len({str(words) for words in names.ACTIONS.values()}) == len(names.ACTIONS)


def test_buttons_are_named_in_one_place() -> None:
    """A button's words stand in ``names``; a template that repeats them would drift."""
    own = {str(words) for words in names.ACTIONS.values()}
    shared = own - {"Continue", "Send", "Save", "Log in", "Log out", "Sign up"}  # also titles and headings
    for file in customers_templates():
        for words in re.findall(r'<button[^>]*>{% translate "([^"]+)" %}', file.read_text()):
            assert words not in shared, file.name
