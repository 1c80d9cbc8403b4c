"""Sign-up, confirmation, login and its lock, password, address: through the pages."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as project_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.urls import reverse

from accounts.models import Role, User
from helpdesk import settings as product_settings
from tests.conftest import PASSWORD
from tickets.background import jobs
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

NEW = {"name": "Nora New", "email": "Nora@Example.com", "password1": PASSWORD, "password2": PASSWORD}
LOGIN = "/accounts/login/"


def sent() -> list[mail.EmailMessage]:
    jobs.run_due()
    return mail.outbox


def link_in(message: mail.EmailMessage) -> str:
    return re.search(r"http://testserver(/accounts/\S+)", message.body)[1]


def log_in(browser, email: str, password: str = PASSWORD):
    return browser.post(LOGIN, {"login": email, "password": password})


def logged_in(browser) -> bool:
    return browser.get(reverse("profile")).status_code == 200


def masked(page: bytes) -> str:
    return re.sub(r'csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"', "", page.decode())


# --- Sign-up ------------------------------------------------------------------------------------------


def test_signing_up_needs_the_link_in_the_mail_before_the_login(web):
    browser = web()
    browser.post("/accounts/signup/", NEW)
    nora = User.objects.get(email="nora@example.com")
    assert (nora.name, nora.role) == ("Nora New", Role.REQUESTER)
    log_in(browser, "nora@example.com")
    assert not logged_in(browser)
    path = link_in(sent()[0])
    assert not EmailAddress.objects.get().verified
    browser.get(path)
    assert not EmailAddress.objects.get().verified, "a mail scanner that follows links confirms nothing"
    browser.post(path)
    log_in(browser, "NORA@example.com")
    assert logged_in(browser)


def test_confirming_brings_the_guest_tickets_of_the_address(web, submit, engine):
    submit(guest_email="nora@example.com")
    browser = web()
    browser.post("/accounts/signup/", NEW)
    assert Ticket.objects.get().requester is None
    confirmation = next(message for message in sent() if "/accounts/confirm-email/" in message.body)
    browser.post(link_in(confirmation))
    assert Ticket.objects.get().requester.email == "nora@example.com"


def test_signing_up_with_a_known_address_looks_the_same_and_tells_only_its_owner(web, requester):
    known = web().post("/accounts/signup/", {**NEW, "email": requester.email}, follow=True)
    unknown = web().post("/accounts/signup/", NEW, follow=True)
    assert masked(known.content).replace(requester.email, "nora@example.com") == masked(unknown.content)
    assert "already have an account" in sent()[0].body
    assert User.objects.count() == 2


def test_signing_up_takes_as_long_with_a_known_address(web, requester, monkeypatch):
    hashed = []
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashed.append(args) or "md5$salt$hash")
    web().post("/accounts/signup/", NEW)
    for_unknown = len(hashed)
    web().post("/accounts/signup/", {**NEW, "email": requester.email})
    assert len(hashed) == 2 * for_unknown


def test_a_weak_password_is_refused_with_the_reason(web):
    response = web().post("/accounts/signup/", {**NEW, "password1": "password", "password2": "password"})
    assert "too common" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("field", ["role", "is_superuser", "is_staff"])
def test_nobody_signs_up_as_more_than_a_requester(web, field):
    web().post("/accounts/signup/", {**NEW, field: "supervisor"})
    nora = User.objects.get()
    assert not nora.is_agent
    assert not nora.is_superuser


def test_a_spoiled_confirmation_link_is_explained(web):
    assert "This link doesn’t work" in web().get("/accounts/confirm-email/nonsense/").content.decode()


# --- Login and its lock -------------------------------------------------------------------------------


def test_the_fifth_failure_locks_this_address_here_even_for_the_right_password(web, requester):
    browser = web()
    for _ in range(4):
        assert log_in(browser, requester.email, "wrong").status_code == 200
    fifth = log_in(browser, requester.email, "wrong")
    assert (fifth.status_code, fifth["Retry-After"]) == (429, "900")
    assert "Locked for now" in fifth.content.decode()
    assert log_in(browser, requester.email.upper()).status_code == 429
    assert not logged_in(browser)


def lock(browser, person) -> None:
    for _ in range(5):
        log_in(browser, person.email, "wrong")


def test_the_lock_spares_everybody_else(web, requester, stranger):
    browser = web()
    lock(browser, requester)
    assert log_in(browser, stranger.email).status_code == 302


def test_the_lock_spares_the_owner_elsewhere(web, requester):
    lock(web(), requester)
    elsewhere = web()
    elsewhere.defaults["REMOTE_ADDR"] = "192.0.2.7"
    log_in(elsewhere, requester.email)
    assert logged_in(elsewhere)


def test_an_address_without_an_account_locks_just_the_same(web):
    browser = web()
    answers = [log_in(browser, "nobody@example.com", "wrong").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_the_mail_is_a_way_in_while_the_password_is_locked(web, requester):
    browser = web()
    lock(browser, requester)
    browser.post("/accounts/password/reset/", {"email": requester.email})
    page = browser.get(link_in(sent()[-1]), follow=True)
    lock(web(), requester)  # whoever locked it goes on
    new = "another-long-Passw0rd"
    browser.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert logged_in(browser)


def test_a_success_forgets_earlier_failures(web, requester):
    browser = web()
    for _ in range(2):
        for _ in range(3):
            log_in(browser, requester.email, "wrong")
        assert log_in(browser, requester.email).status_code == 302
        browser.post("/accounts/logout/")


def test_wrong_password_and_unknown_address_sound_the_same(web, requester):
    wrong = log_in(web(), requester.email, "wrong").content
    unknown = log_in(web(), "nobody@example.com", "wrong").content.replace(b"nobody@", b"rita@")
    assert masked(wrong) == masked(unknown)


def test_whoever_was_switched_off_cannot_log_in(web, requester):
    User.objects.update(is_active=False)
    browser = web()
    log_in(browser, requester.email)
    assert not logged_in(browser)


def test_the_login_leads_on_only_within_this_site(web, requester):
    form = {"login": requester.email, "password": PASSWORD}
    assert web().post(LOGIN, {**form, "next": "/tickets/"}).url == "/tickets/"
    assert web().post(LOGIN, {**form, "next": "https://evil.example/"}).url == "/"


def test_whoever_works_here_starts_at_the_desk(web, agent, requester):
    for person, start in ((agent, "/admin/"), (requester, "/")):
        assert web().post(LOGIN, {"login": person.email, "password": PASSWORD}).url == start
    form = {"login": agent.email, "password": PASSWORD, "next": "/tickets/"}
    assert web().post(LOGIN, form).url == "/tickets/"


def test_logging_out_takes_a_click_not_a_link(web, requester):
    browser = web(requester)
    browser.get("/accounts/logout/")
    assert logged_in(browser)
    browser.post("/accounts/logout/")
    assert not logged_in(browser)


# --- Password -----------------------------------------------------------------------------------------


def test_a_reset_for_an_unknown_address_looks_the_same(web, requester):
    known = web().post("/accounts/password/reset/", {"email": requester.email}, follow=True)
    unknown = web().post("/accounts/password/reset/", {"email": "nobody@example.com"}, follow=True)
    assert masked(known.content) == masked(unknown.content)


def test_the_reset_link_works_once(web, requester):
    web().post("/accounts/password/reset/", {"email": requester.email})
    path, new = link_in(sent()[0]), "another-long-Passw0rd"
    browser = web()
    page = browser.get(path, follow=True)
    browser.post(page.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert log_in(web(), requester.email, new).status_code == 302
    assert "This link doesn’t work" in web().get(path, follow=True).content.decode()


def test_changing_the_password_asks_for_the_old_one(web, requester):
    new = "another-long-Passw0rd"
    url = "/accounts/password/change/"
    browser = web()
    log_in(browser, requester.email)
    browser.post(url, {"oldpassword": "wrong", "password1": new, "password2": new})
    requester.refresh_from_db()
    assert requester.check_password(PASSWORD)
    browser.post(url, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    requester.refresh_from_db()
    assert requester.check_password(new)
    assert "has been changed" in sent()[-1].body


def test_bcrypt_hashes_new_passwords_and_an_older_hash_is_renewed_at_the_next_login(web, requester, settings):
    settings.PASSWORD_HASHERS = product_settings.PASSWORD_HASHERS
    User.objects.filter(pk=requester.pk).update(password=pbkdf2(PASSWORD))
    log_in(web(), requester.email)
    requester.refresh_from_db()
    assert requester.password.startswith("bcrypt_sha256$")
    assert requester.check_password(PASSWORD)


def pbkdf2(password: str) -> str:
    from django.contrib.auth.hashers import make_password

    return make_password(password, hasher="pbkdf2_sha256")


# --- Profile ------------------------------------------------------------------------------------------


def test_the_profile_is_for_whoever_is_logged_in(web):
    assert web().get("/accounts/profile/").url == "/accounts/login/?next=/accounts/profile/"


def test_the_profile_changes_the_name_and_nothing_else(web, requester):
    web(requester).post(
        "/accounts/profile/", {"name": "Rita R.", "email": "x@example.com", "role": "supervisor"}
    )
    requester.refresh_from_db()
    assert (requester.name, requester.email, requester.role) == (
        "Rita R.",
        "rita@example.com",
        Role.REQUESTER,
    )


def test_a_new_address_counts_only_once_its_link_was_opened(web, requester):
    browser = web()
    log_in(browser, requester.email)
    step = browser.post("/accounts/email/", {"email": "Rita.New@example.com", "action_add": ""})
    assert step.url.startswith("/accounts/reauthenticate/"), "a session left open is not enough"
    browser.post(step.url, {"password": PASSWORD})
    requester.refresh_from_db()
    assert requester.email == "rita@example.com"
    assert "to finish the change" in browser.get("/accounts/email/").content.decode()
    message = sent()[-1]
    assert message.to == ["rita.new@example.com"]
    browser.post(link_in(message))
    requester.refresh_from_db()
    assert requester.email == "rita.new@example.com"
    assert [address.email for address in EmailAddress.objects.all()] == ["rita.new@example.com"]


# --- All pages ----------------------------------------------------------------------------------------

PAGES = [
    "login/", "logout/", "inactive/", "signup/", "reauthenticate/", "email/", "confirm-email/", "confirm-email/x/",
    "password/change/", "password/set/", "password/reset/", "password/reset/done/", "password/reset/key/done/",
    "password/reset/key/1-x/", "login/code/confirm/", "profile/", "login/code/", "3rdparty/", "social/signup/",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_account_page_answers_guests_and_people_without_a_fault(web, requester, page):
    for browser in (web(), web(requester)):
        response = browser.get(f"/accounts/{page}", follow=True)
        assert response.status_code in {200, 404}
        assert "css/variables.css" in response.content.decode()
        assert browser.post(f"/accounts/{page}", {}).status_code < 500


def test_account_mail_names_the_company_and_speaks_plainly(web):
    web().post("/accounts/signup/", NEW)
    message = sent()[0]
    assert message.body.rstrip().endswith(project_settings.COMPANY_NAME)
    assert "example.com!" not in message.body
    assert "&#" not in message.body
