"""Help in a frame: by a key, in its sites alone, as a guest without cookies."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.conftest import PASSWORD, CommittingClient
from tickets.channels.widget.models import Site, origin_of
from tickets.models import Attachment, Status, Ticket

pytestmark = pytest.mark.django_db

WORDS = {"body": "Where is my refund?", "email": "gus@example.com", "name": "Gus"}


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(name="Shop", origins="https://shop.example.com\nhttps://www.example.com")


def home(site: Site) -> str:
    return f"/widget/{site.key}/"


def token(browser: Client, site: Site) -> str:
    page = browser.get(home(site)).content.decode()
    return re.search(r'name="token" value="([^"]+)"', page)[1]


def send(browser: Client, site: Site, **changed: Any) -> Any:
    headers = changed.pop("headers", {})
    return browser.post(home(site), {**WORDS, "token": token(browser, site), **changed}, headers=headers)


# --- Who may show it ------------------------------------------------------------------------------------


def test_its_sites_may_show_it_and_nothing_else_is_relaxed(web, site) -> None:
    framed, usual = web().get(home(site)), web().get("/")
    assert (
        "frame-ancestors https://shop.example.com https://www.example.com"
        in framed["Content-Security-Policy"]
    )
    assert "X-Frame-Options" not in framed
    rest = lambda page: re.sub(r"nonce-[\w-]+|frame-ancestors [^;]+", "", page["Content-Security-Policy"])  # noqa: E731
    assert rest(framed) == rest(usual)
    assert usual["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in usual["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["", "help/", "help/nothing/", "sent/x/"])
def test_a_key_that_is_off_or_unknown_opens_nothing_anywhere(web, site, path) -> None:
    Site.objects.update(active=False)
    for key in (site.key, "unknown"):
        answer = web().get(f"/widget/{key}/{path}")
        assert answer.status_code == 404
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Shop.Example.com/", "https://shop.example.com"),
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(written, kept) -> None:
    assert origin_of(written) == kept


@pytest.mark.parametrize(
    "written",
    ["*", "https://*.example.com", "http://shop.example.com", "https://a.example/page", "shop.example.com", "https://a b",
     "https://a.example;script-src", "https://u:p@a.example", "javascript:x", "https://a.example:99999", "https://a,b"],
)  # fmt: skip
def test_what_names_no_single_site_is_refused(written) -> None:
    with pytest.raises(ValidationError):
        Site(name="x", origins=written).full_clean()


# --- Asking -----------------------------------------------------------------------------------------------


def test_a_guest_asks_and_reads_the_answer_in_the_frame(web, site, engine, refund_intent) -> None:
    engine.says("track_refund", 0.97)
    browser = CommittingClient(enforce_csrf_checks=True)  # as in a browser that keeps no cookies of ours
    answer = send(browser, site)
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.requester_email) == (None, "gus@example.com")
    assert answer.url.startswith(f"{home(site)}sent/")
    page = browser.get(answer.url).content.decode()
    assert "refunds take five days" in page
    assert ticket.reference in page
    assert not browser.cookies
    browser.post(answer.url, {"solved": "no"})
    ticket.refresh_from_db()
    assert ticket.state is Status.ESCALATED
    assert "A person will answer you" in browser.get(answer.url).content.decode()


def test_yes_closes_it(web, site, engine, refund_intent) -> None:
    engine.says("track_refund", 0.97)
    browser = web()
    where = send(browser, site).url
    browser.post(where, {"solved": "yes"})
    assert Ticket.objects.get().state is Status.CLOSED
    browser.post(where, {"solved": "no"})  # a stale page changes nothing
    assert Ticket.objects.get().state is Status.CLOSED
    assert "that’s solved" in browser.get(where).content.decode()


def test_whoever_is_logged_in_on_our_pages_is_a_guest_in_a_frame(web, site, requester, engine) -> None:
    browser = web()
    browser.post("/accounts/login/", {"login": requester.email, "password": PASSWORD})
    page = browser.get(home(site)).content.decode()
    assert requester.name.split()[0] not in page
    assert 'data-owner=""' in page
    send(browser, site)
    assert Ticket.objects.get().requester is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "https://shop.example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(web, site, headers) -> None:
    assert send(web(), site, headers=headers).status_code == 403
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("made", ["", "forged", "of another site"])
def test_without_a_token_of_the_page_nothing_is_sent_and_nothing_lost(web, site, made) -> None:
    browser = web()
    if made == "of another site":
        made = token(browser, Site.objects.create(name="Other", origins="https://other.example.com"))
    answer = browser.post(home(site), {**WORDS, "token": made})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert WORDS["body"] in page
    assert "Send it again" in page
    assert not Ticket.objects.exists()


def test_the_same_sent_twice_is_one_ticket(web, site, engine) -> None:
    once = {"once": "6f9619ff-8b86-4d11-b42d-00c04fc964ff"}
    first, second = (send(web(), site, **once) for _ in range(2))
    assert Ticket.objects.count() == 1
    reference = Ticket.objects.get().reference
    for answer in (first, second):
        assert reference in web().get(answer.url).content.decode()


def test_the_same_words_alone_show_nobody_elses_ticket(web, site, engine) -> None:
    send(web(), site)
    answer = send(web(), site)
    page = web().get(answer.url).content.decode()
    assert Ticket.objects.count() == 1
    assert Ticket.objects.get().reference not in page
    assert "these words before" in page


def test_limits_of_guests_hold_in_a_frame(web, site, engine) -> None:
    browser = web()
    answers = [send(browser, site, body=f"Question {number}?") for number in range(11)]
    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert answers[-1]["Retry-After"]
    assert "Question 10?" in answers[-1].content.decode()


# --- Files ------------------------------------------------------------------------------------------------


def text_file(name: str = "log.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"what went wrong")


def upload(
    browser: Client, site: Site, made: str, file: SimpleUploadedFile | None = None, **headers: str
) -> Any:
    sent = {"file": file or text_file()}
    return browser.post(f"{home(site)}uploads/", sent, headers={"X-CSRFToken": made, **headers})


def test_files_go_up_one_by_one_and_come_with_the_question(web, site, engine) -> None:
    browser = CommittingClient(enforce_csrf_checks=True)
    made = token(browser, site)
    first, second = (upload(browser, site, made, text_file(name)).json() for name in ("a.txt", "b.txt"))
    assert browser.post(first["remove"], headers={"X-CSRFToken": made}).status_code == 204
    refused = upload(browser, site, made, SimpleUploadedFile("x.exe", b"MZ"))
    assert (refused.status_code, "x.exe" in refused.json()["error"]) == (422, True)
    browser.post(home(site), {**WORDS, "token": made, "staged": [first["token"], second["token"]]})
    assert list(Attachment.objects.values_list("message__ticket", "name")) == [
        (Ticket.objects.get().pk, "b.txt")
    ]
    assert not browser.cookies


def test_without_scripts_they_come_with_the_form_and_a_mistake_loses_none(web, site, engine) -> None:
    browser = web()
    page = send(browser, site, email="nobody", attachments=[text_file()]).content.decode()
    kept, made = (re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("staged", "token"))
    browser.post(home(site), {**WORDS, "token": made, "staged": kept})
    assert Attachment.objects.get().message.ticket == Ticket.objects.get()


def test_a_frame_owns_what_it_uploaded_and_nothing_else(web, site, engine) -> None:
    mine, other = token(web(), site), token(web(), site)
    kept = upload(web(), site, mine).json()
    web().post(home(site), {**WORDS, "token": other, "staged": kept["token"]})
    assert Attachment.objects.get().message is None
    for made in (
        other,
        "",
        "forged",
        token(web(), Site.objects.create(name="Other", origins="https://o.example")),
    ):
        assert web().post(kept["remove"], headers={"X-CSRFToken": made}).status_code == 404
    assert Attachment.objects.exists()


def test_files_of_a_page_that_was_open_for_long_are_still_there(web, site, engine, monkeypatch) -> None:
    made = token(web(), site)
    kept = upload(web(), site, made).json()
    monkeypatch.setattr("tickets.channels.widget.frame.FORM_SECONDS", -1)
    assert upload(web(), site, made).status_code == 422
    page = web().post(home(site), {**WORDS, "token": made, "staged": kept["token"]}).content.decode()
    assert f'value="{kept["token"]}"' in page
    monkeypatch.undo()
    fresh = re.search(r'name="token" value="([^"]+)"', page)[1]
    web().post(home(site), {**WORDS, "token": fresh, "staged": kept["token"]})
    assert Attachment.objects.get().message is not None


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_files_of_another_site_are_refused(web, site, headers) -> None:
    made = token(web(), site)
    assert upload(web(), site, made, **headers).status_code == 403
    assert upload(web(), site, "").status_code == 422
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("made", ["forged", "expired"])
def test_what_was_sent_is_shown_by_its_token_for_an_hour(web, site, engine, made, monkeypatch) -> None:
    where = send(web(), site).url
    if made == "forged":
        where = f"{home(site)}sent/abc:def:ghi/"
    else:
        monkeypatch.setattr("tickets.channels.widget.views.SENT_SECONDS", -1)
    assert web().get(where).status_code == 410


def test_language_and_theme_come_with_the_address(web, site) -> None:
    answer = web().get(f"{home(site)}?lang=de&theme=dark", headers={"Accept-Language": "fr"})
    page = answer.content.decode()
    assert (answer["Content-Language"], 'lang="de"' in page) == ("de", True)
    assert "/widget/theme/dark.css" in page
    assert "lang=de&amp;theme=dark" in page
    plain = web().get(f"{home(site)}?lang=xx&theme=x'>").content.decode()
    assert "css/variables.css" in plain


def test_the_themes_are_those_of_the_sheet(web) -> None:
    light, dark = (web().get(f"/widget/theme/{name}.css").content.decode() for name in ("light", "dark"))
    assert "@media" not in light + dark
    assert "--ground: #121715" in dark
    assert "--ground: #121715" not in light
    assert dark.count("{") == dark.count("}")
    assert web().get("/widget/theme/x.css").status_code == 404


def test_a_frame_costs_one_query(web, site, django_assert_num_queries) -> None:
    browser = web()
    with django_assert_num_queries(1):
        browser.get(home(site))


# --- The script -------------------------------------------------------------------------------------------


def test_the_script_is_small_speaks_every_language_and_may_be_loaded_from_anywhere(web) -> None:
    answer = web().get("/widget.js")
    text = answer.content.decode()
    assert len(answer.content) <= 5_000
    assert '"de":["Hilfe","Hilfe schließen"]' in text
    assert "__WORDS__" not in text
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "public" in answer["Cache-Control"]


# --- For supervisors ----------------------------------------------------------------------------------------


def test_a_supervisor_makes_a_key_and_gets_what_to_paste(web, supervisor) -> None:
    browser = web(supervisor)
    browser.post(
        "/admin/widget/site/add/", {"name": "Shop", "origins": "https://Shop.example.com/", "active": "on"}
    )
    site = Site.objects.get()
    assert site.allowed == ["https://shop.example.com"]
    page = browser.get(f"/admin/widget/site/{site.pk}/change/").content.decode()
    assert f"data-key=&quot;{site.key}&quot;" in page
