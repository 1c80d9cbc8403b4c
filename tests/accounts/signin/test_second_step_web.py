"""The second step of the log-in, and setting it up and taking it away, through the pages."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection

from accounts.models import User
from accounts.signin.models import Change
from tests.accounts.signin.conftest import App, is_in, log_in, step
from tests.conftest import PASSWORD
from tickets.background import jobs

pytestmark = pytest.mark.django_db

SET_UP = "/accounts/2fa/totp/activate/"


def sent() -> list[str]:
    jobs.run_due()
    return [f"{message.to[0]}: {message.subject}" for message in mail.outbox]


def prove_password(browser) -> None:
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_the_password_alone_is_not_enough_and_the_code_leads_on(web, agent, with_app):
    app, browser = with_app(agent), web()
    assert log_in(browser, agent, next="/tickets/").url == "/accounts/2fa/authenticate/"
    assert not is_in(browser)
    assert step(browser, app.wrong()).status_code == 200
    assert not is_in(browser)
    assert step(browser, f" {app.code()[:3]} {app.code()[3:]} ").url == "/tickets/"
    assert is_in(browser)


@pytest.mark.parametrize(("steps", "right"), [(-3, False), (-1, True), (1, True), (3, False)])
def test_a_clock_may_be_off_by_one_step(web, agent, with_app, steps, right):
    app, browser = with_app(agent), web()
    log_in(browser, agent)
    step(browser, app.code(steps))
    assert is_in(browser) is right


def test_a_code_works_once_and_no_earlier_one_after_it(web, agent, with_app):
    app = with_app(agent)
    first, second, third = web(), web(), web()
    code, earlier = app.code(), app.code(-1)
    for browser in (first, second, third):
        log_in(browser, agent)
    step(first, code)
    step(second, code)
    step(third, earlier)
    assert [is_in(browser) for browser in (first, second, third)] == [True, False, False]


def test_a_recovery_code_works_once_and_its_owner_is_told(web, agent, with_app):
    app = with_app(agent)
    for expected in (True, False):
        browser = web()
        log_in(browser, agent)
        step(browser, app.spare[3])
        assert is_in(browser) is expected
    assert Change.objects.filter(person=agent, what="code_used", by=agent).count() == 1
    assert sent() == [f"{agent.email}: A recovery code was used"]
    assert "9 left" in mail.outbox[0].body


def test_wrong_codes_are_counted_as_wrong_passwords_are_and_lock(web, agent, with_app):
    app, browser = with_app(agent), web()
    log_in(browser, agent)
    answers = [step(browser, app.wrong()).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    locked = step(browser, app.code())
    assert locked.status_code == 429
    assert "Locked for now" in locked.content.decode()
    assert log_in(web(), agent).status_code == 429, "the lock is the one of passwords"
    kept = AccessAttempt.objects.get()
    assert app.wrong() not in kept.post_data


def test_wrong_passwords_and_codes_add_up_to_one_lock(web, agent, with_app):
    app, browser = with_app(agent), web()
    for _ in range(3):
        log_in(browser, agent, "wrong")
    log_in(browser, agent)
    step(browser, app.wrong())
    assert step(browser, app.wrong()).status_code == 429


def test_a_person_has_so_many_tries_in_an_hour_from_wherever_they_come(web, agent, with_app, settings):
    settings.LIMITS = {**settings.LIMITS, "second_factor": {"person": (3, 3600)}}
    app = with_app(agent)
    for number in range(4):
        browser = web()
        browser.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        log_in(browser, agent)
        answer = step(browser, app.wrong())
    assert (answer.status_code, "Retry-After" in answer) == (429, True)


def test_setting_up_an_app_gives_recovery_codes_and_keeps_nothing_readable(web, requester):
    browser = web()
    log_in(browser, requester)
    assert browser.get(SET_UP).url.startswith("/accounts/reauthenticate/"), (
        "a session left open is not enough"
    )
    prove_password(browser)
    page = browser.get(SET_UP).content.decode()
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page)[1]
    assert "data:image/svg+xml" in page
    assert "didn’t work" in browser.post(SET_UP, {"code": App(secret, []).wrong()}).content.decode()
    assert browser.post(SET_UP, {"code": App(secret, []).code()}).url == "/accounts/2fa/recovery-codes/"
    codes = re.findall(
        r"<li><code>(\d{8})</code>", browser.get("/accounts/2fa/recovery-codes/").content.decode()
    )
    assert len(set(codes)) == 10
    saved = browser.get("/accounts/2fa/recovery-codes/download/").content.decode()
    assert all(code in saved for code in codes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        rows = str(cursor.fetchall())
    sessions = str([session.get_decoded() for session in Session.objects.all()])
    assert not [kept for kept in (secret, *codes) if kept in rows or kept in sessions]
    kinds = list(Change.objects.order_by("id").values_list("what", "kind"))
    assert sorted(kinds) == [("factor_added", "recovery_codes"), ("factor_added", "totp")]
    assert sent() == [f"{requester.email}: An authenticator app was added to your account"]


def test_whoever_has_a_second_factor_must_prove_it_to_take_it_away(web, agent, with_app):
    app, browser = with_app(agent), web()
    log_in(browser, agent)
    step(browser, app.code())
    off = "/accounts/2fa/totp/deactivate/"
    wanted = browser.get(off).url
    assert wanted.startswith("/accounts/2fa/reauthenticate/")
    prove_password(browser)
    assert browser.get(off).url == wanted, "the password alone takes nothing away"
    browser.post("/accounts/2fa/reauthenticate/", {"code": app.spare[0]})
    assert browser.post(off).url == "/accounts/2fa/"
    assert not Authenticator.objects.exists()
    assert {"factor_removed", "code_used"} == set(Change.objects.values_list("what", flat=True))
    assert f"{agent.email}: The authenticator app was removed from your account" in sent()


def test_new_recovery_codes_end_the_earlier_ones_and_are_told(web, agent, with_app):
    app, browser = with_app(agent), web()
    log_in(browser, agent)
    step(browser, app.code())
    browser.post("/accounts/2fa/reauthenticate/", {"code": app.spare[0]})
    browser.post("/accounts/2fa/recovery-codes/generate/")
    other = web()
    log_in(other, agent)
    step(other, app.spare[1])
    assert not is_in(other)
    assert Change.objects.filter(what="codes_renewed", by=agent).exists()
    assert f"{agent.email}: New recovery codes for your account" in sent()


def test_what_was_sealed_with_another_key_lets_nobody_in_and_says_what_to_do(web, agent, with_app, settings):
    app, browser = with_app(agent), web()
    settings.SECRET_KEY = "another-key-for-tests-only-0123456789-0123456789"
    log_in(browser, agent)
    answer = step(browser, app.code())
    assert answer.status_code == 503
    assert "Ask whoever runs this help desk" in answer.content.decode()
    assert not is_in(browser)


def test_the_trail_is_written_once(agent):
    kept = Change.objects.create(person=agent, what=Change.What.FACTOR_ADDED, kind="totp")
    for change in (
        kept.delete,
        kept.save,
        lambda: Change.objects.update(kind="x"),
        lambda: Change.objects.all().delete(),
    ):
        with pytest.raises(TypeError):
            change()


@pytest.mark.parametrize("language_tag", ["de", "fr", "es", "pt", "nl"])
def test_the_owner_is_told_in_their_language(web, requester, with_app, language_tag):
    User.objects.update(language=language_tag)
    app, browser = with_app(requester), web()
    log_in(browser, requester)
    step(browser, app.spare[0])
    assert "A recovery code was used" not in sent()[0]


PAGES = ("", "authenticate/", "reauthenticate/", "totp/activate/", "totp/deactivate/", "recovery-codes/",
         "recovery-codes/generate/", "recovery-codes/download/", "webauthn/", "webauthn/add/", "webauthn/login/",
         "webauthn/reauthenticate/", "webauthn/keys/1/remove/", "webauthn/keys/1/edit/")  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_guests_and_people_without_a_fault(web, agent, with_app, page):
    app, proved = with_app(agent), web()
    log_in(proved, agent)
    step(proved, app.code())
    proved.post("/accounts/2fa/reauthenticate/", {"code": app.spare[0]})
    for browser in (web(), web(agent), proved):
        path = f"/accounts/2fa/{page}"
        assert browser.get(path, follow=True).status_code in {200, 404}
        for body in (
            {},
            {"credential": "{"},
            {"credential": "[]"},
            {"credential": '{"response": 5}'},
            {"code": "x" * 99},
        ):
            assert browser.post(path, body).status_code < 500
