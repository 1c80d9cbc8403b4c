"""No page and no mail of a customer says anything that is not translated: read in a language made for that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from helpdesk.management.commands import catalogues
from tests.accounts.signin.conftest import log_in
from tests.conftest import PASSWORD
from tests.tickets.words import pseudo
from tickets.channels.widget.models import Site
from tickets.mail import guest_links, notices
from tickets.models import Closure, OutgoingMail, Ticket
from tickets.own_data import letters
from tickets.own_data.models import DataExport, Deletion
from triage.answers.help.models import Article

pytestmark = pytest.mark.django_db

ASKED = {"HTTP_ACCEPT_LANGUAGE": pseudo.LANGUAGE_TAG}
#: What people wrote, and names: words that no catalogue holds.
DATA = (
    "Northwind Supplies", "Where is my refund?", "Refunds take five days.", "refunds take five days", "Which order is it?",
    "Dear Rita", "Rita Requester", "Rita", "Anna", "bill.txt", "zebra", "Refunds", "Five days.", "UTC", "refund", "Hello", "soon", "today", "7d", "status", "after",
)  # fmt: skip
SECRET = re.compile(r"[A-Z2-7]{32}")  # of an authenticator app, to be typed


@pytest.fixture(autouse=True)
def arabic(tmp_path: Any, settings: Any) -> None:
    pseudo.speak(tmp_path, settings)


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>⟦x⟧ Hello</p>", ["Hello"]),
        ("<p title='Hello'>⟦x⟧</p>", ["Hello"]),
        ("<p>⟦a <b>Rita</b> c⟧</p>", []),
        ("<p lang='en'>Hello</p><p>⟦x⟧</p>", []),
        ("<input placeholder='Hello'>", ["Hello"]),
        ("<script>x()</script>", []),
    ],
)
def test_what_was_not_translated_is_found(page: str, found: list[str]) -> None:
    assert [words.split()[0] for words in pseudo.untranslated(page)] == found


def test_a_text_keeps_its_values_and_tags() -> None:
    assert pseudo.said("By %(due)s, <b>yes</b>") == "⟦بي %(due)s, <b>يهس</b> ومنها⟧"


@pytest.fixture
def tickets(
    submit: Callable[..., Ticket],
    requester: User,
    agent: User,
    engine: Any,
    refund_intent: Any,
    settings: Any,
) -> list[Ticket]:
    """One in each state that a requester may find."""
    settings.TRIAGE_REPEAT_DAYS = 0
    engine.says("track_refund", 0.97)
    words = {"requester": requester, "subject": "Where is my refund?", "body": "Where is my refund?"}
    file = SimpleUploadedFile("bill.txt", b"twelve pounds")
    answered, rated, replied, closed, resolved = (submit(**words, files=[file]) for _ in range(5))
    rated.record_feedback(solved=True, rating=4, actor=requester)
    replied.reply("Which order is it?", author=agent)
    resolved.reply("Which order is it?", author=agent)
    resolved.resolve(actor=agent)
    closed.close(Closure.SILENCE)
    refused = submit(**words)
    refused.record_feedback(solved=False, actor=requester)
    engine.says("track_refund", 0.1)
    waiting, asked = submit(**words), submit(**words, human_requested=True)
    return [answered, rated, replied, closed, resolved, refused, waiting, asked]


def faults(browser: Any, paths: list[str]) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        answer = browser.get(path, **ASKED)
        assert answer.status_code < 500, path
        if answer.status_code in {301, 302}:
            found[path] = [f"leads to {answer.url}"]
        elif left := [
            words
            for words in pseudo.untranslated(answer.content.decode(), DATA)
            if not SECRET.fullmatch(words)
        ]:
            found[path] = left
        elif 'dir="rtl"' not in answer.content.decode():
            found[path] = ["not from right to left"]
    return found


def test_every_page_for_guests(web: Any, submit: Any, engine: Any, refund_intent: Any, agent: User) -> None:
    facts = {"title": "Where is my refund?", "summary": "Five days.", "topic": "Refunds"}
    Article.objects.create(intent=refund_intent, **facts).approve(None)
    site = Site.objects.create(name="Shop", origins="https://shop.example.com")
    guests = submit(guest_email="gus@example.com", body="Where is my refund?")
    browser = web()
    paths = [
        "/", "/tickets/new/", "/help/", "/help/track_refund/", "/help/?q=refund", "/help/?q=zebra", "/accounts/login/",
        "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/confirm-email/",
        "/accounts/confirm-email/x/", "/accounts/password/reset/key/x-x/", "/accounts/inactive/", "/nothing/",
        f"/widget/{site.key}/", f"/widget/{site.key}/help/", f"/widget/{site.key}/help/?q=zebra", f"/widget/{site.key}/help/track_refund/",
        f"/widget/{site.key}/sent/x/",
    ]  # fmt: skip
    assert faults(browser, paths) == {}
    browser.get(f"/g/{guest_links.token_for(guests)}/")
    assert faults(browser, [guests.get_absolute_url()]) == {}


def test_what_runs_the_other_way_says_so(web: Any, refund_intent: Any, tickets: list[Ticket]) -> None:
    facts = {"title": "Where is my refund?", "summary": "Five days.", "topic": "Refunds"}
    Article.objects.create(intent=refund_intent, **facts).approve(None)
    for asked, way in ((pseudo.LANGUAGE_TAG, ' lang="en" dir="ltr"'), ("de", ' lang="en"')):
        page = web().get("/help/track_refund/", HTTP_ACCEPT_LANGUAGE=asked).content.decode()
        assert f'<article class="card stack reading"{way}>' in page


def test_no_sheet_of_customers_names_left_or_right() -> None:
    """Such a rule stays where it is when a page runs from right to left."""
    side = re.compile(
        r"(?:margin|padding|border(?:-top|-bottom)?)-(?:left|right)|(?<![\w-])(?:left|right):|text-align: (?:left|right)|float: (?:left|right)"
    )
    sheets = [
        file
        for room in ("base", "components", "pages")
        for file in (settings.BASE_DIR / "static/css" / room).glob("*.css")
    ]
    assert len(sheets) > 8
    assert {
        file.name: side.findall(file.read_text()) for file in sheets if side.search(file.read_text())
    } == {}


def test_every_page_for_requesters(web: Any, requester: User, tickets: list[Ticket]) -> None:
    browser = web()
    log_in(browser, requester)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.get("/", **ASKED)  # what is said once
    paths = [
        "/", "/tickets/", "/tickets/?q=zebra", "/tickets/?q=before:soon", "/tickets/?show=closed", "/tickets/new/", "/accounts/profile/",
        "/accounts/email/", "/accounts/password/change/", "/accounts/logout/", "/accounts/2fa/", "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/reauthenticate/", "/accounts/data/", "/accounts/data/delete/",
        f"/tickets/{tickets[3].reference}/follow-up/", *(ticket.get_absolute_url() for ticket in tickets),
    ]  # fmt: skip
    assert faults(browser, paths) == {}
    DataExport.objects.create(user=requester, expires_at=timezone.now())
    export = DataExport.objects.create(user=requester, asked_at=timezone.now())
    Deletion.objects.create(user=requester, due_at=timezone.now())
    expired = f"/accounts/data/export/{DataExport.objects.exclude(pk=export.pk).get().token}/"
    assert faults(browser, ["/accounts/data/", expired]) == {}


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/tickets/new/", {}, 422),
        ("/tickets/new/", {"body": "Where is my refund?", "email": "x", "name": "http://x.example"}, 422),
        ("/accounts/signup/", {"email": "x", "name": "", "password1": "x", "password2": "y"}, 200),
        ("/accounts/login/", {"login": "rita@example.com", "password": "x"}, 200),
    ],
)
def test_every_complaint_of_a_form(web: Any, path: str, form: dict[str, str], status: int) -> None:
    answer = web().post(path, form, **ASKED)
    assert answer.status_code == status
    assert list(pseudo.untranslated(answer.content.decode(), DATA)) == []


@pytest.mark.parametrize("language_tag", catalogues.language_tags())
def test_what_libraries_say_in_forms_is_said_in_each_language(web: Any, language_tag: str) -> None:
    """Theirs are not all complete: what is English in another language needs words of ours."""
    form = {"email": "x", "name": "", "password1": "x", "password2": "12345"}

    def complaints(language: str) -> set[str]:
        page = web().post("/accounts/signup/", form, HTTP_ACCEPT_LANGUAGE=language).content.decode()
        return set(re.findall(r"<li>([^<]+)</li>|<a href=\"#id_\w+\">([^<]+)</a>", page))

    assert len(complaints("en")) > 3
    assert complaints("en") & complaints(language_tag) == set()


def test_every_mail_to_a_customer(requester: User, agent: User, tickets: list[Ticket]) -> None:
    OutgoingMail.objects.all().delete()
    User.objects.update(language=pseudo.LANGUAGE_TAG)
    answered, waiting = Ticket.objects.get(pk=tickets[0].pk), Ticket.objects.get(pk=tickets[-2].pk)
    notices.answered(answered, answered.messages.last())
    notices.escalated(waiting)
    notices.access_link(waiting)
    requester.refresh_from_db()
    deletion = Deletion(user=requester, due_at=timezone.now())
    letters.ready(DataExport(user=requester, expires_at=timezone.now()))
    letters.deletion_asked(deletion)
    letters.deletion_stopped(deletion)
    letters.deleted(requester, requester.email, "")
    mails = list(OutgoingMail.objects.all())
    assert len(mails) == 7
    for mail in mails:
        parts = (f"{mail.subject.removeprefix('Re: ')}\n{mail.body}", mail.html_body)
        for part, plain in zip(parts, (True, False), strict=True):
            assert list(pseudo.untranslated(part, DATA, plain=plain)) == [], mail.subject
