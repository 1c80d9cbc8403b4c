"""Who must have a second factor sets it up before anything else; the way back after a lost device."""

from __future__ import annotations

from io import StringIO
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.signin.models import Change
from tests.accounts.signin.conftest import is_in, log_in, step
from tests.conftest import PASSWORD
from tickets.background import jobs

pytestmark = pytest.mark.django_db

SET_UP = "/accounts/2fa/"
ANYTHING = ("/admin/", "/admin/tickets/ticket/", "/", "/tickets/", "/accounts/profile/", "/accounts/email/")


@pytest.mark.parametrize(
    ("required", "led"), [("none", ()), ("supervisors", ("supervisor",)), ("staff", ("agent", "supervisor"))]
)
def test_only_the_roles_that_the_setting_names_are_led_there(web, settings, request, required, led):
    settings.REQUIRE_SECOND_FACTOR = required
    for role in ("requester", "agent", "supervisor"):
        browser = web(request.getfixturevalue(role))
        targets = {getattr(browser.get(path), "url", "") for path in ANYTHING}
        assert (targets == {SET_UP}) is (role in led), role


def test_nothing_is_done_before_it_is_set_up(web, supervisor, settings, refund_intent):
    settings.REQUIRE_SECOND_FACTOR = "staff"
    answer = web(supervisor).post("/admin/oversight/switch/", {"stopped": "1"})
    assert answer.url == SET_UP


def test_the_pages_that_lead_there_and_away_stay_open(web, supervisor, settings):
    settings.REQUIRE_SECOND_FACTOR = "staff"
    browser = web()
    log_in(browser, supervisor)
    assert browser.get(SET_UP).status_code == 200
    step_up = browser.get("/accounts/2fa/totp/activate/")
    assert step_up.url.startswith("/accounts/reauthenticate/")
    assert browser.get(step_up.url).status_code == 200
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert browser.get("/accounts/2fa/totp/activate/").status_code == 200
    assert browser.post("/accounts/logout/").url == "/"


def test_whoever_has_one_goes_on(web, supervisor, settings, with_app):
    settings.REQUIRE_SECOND_FACTOR = "supervisors"
    app, browser = with_app(supervisor), web()
    log_in(browser, supervisor)
    assert step(browser, app.code()).url == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_recovery_codes_alone_are_no_factor(web, supervisor, settings, with_app):
    settings.REQUIRE_SECOND_FACTOR = "supervisors"
    with_app(supervisor)
    Authenticator.objects.filter(type="totp").delete()
    assert web(supervisor).get("/admin/").url == SET_UP


# --- The admin's log-in ------------------------------------------------------------------------------


def test_the_admin_has_no_log_in_of_its_own(web, agent, with_app):
    app, browser = with_app(agent), web()
    page = browser.get("/admin/tickets/ticket/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2Ftickets%2Fticket%2F"
    log_in(browser, agent, next="/admin/tickets/ticket/")
    assert browser.get("/admin/").status_code == 302, "not before the second step"
    assert step(browser, app.code()).url == "/admin/tickets/ticket/"


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/login/?next=/admin/"])
def test_posting_to_the_admins_log_in_logs_nobody_in(web, agent, path):
    browser = web()
    browser.post(path, {"username": agent.email, "password": PASSWORD})
    assert not is_in(browser)


def test_a_customer_who_lands_in_the_admin_is_told_so(web, requester):
    browser = web(requester)
    answer = browser.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "You don’t have access to this" in answer.content.decode()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_through_the_second_step_stays_on_this_site(web, agent, with_app, target):
    app, browser = with_app(agent), web()
    log_in(
        browser, agent, next=unquote(browser.get(f"/admin/login/?next={target}").url.partition("next=")[2])
    )
    assert step(browser, app.code()).url == "/admin/"


# --- The command -------------------------------------------------------------------------------------


def run(*words: str) -> str:
    out = StringIO()
    call_command("second_factor", *words, stdout=out)
    return out.getvalue()


def test_the_command_shows_and_removes_tells_the_owner_and_stays_in_the_trail(web, api, agent, with_app):
    app, browser = with_app(agent), web()
    log_in(browser, agent)
    step(browser, app.code())
    tokens = api().post("/api/auth/login", {"email": agent.email, "password": PASSWORD, "code": app.spare[0]})
    assert "Nothing was removed" in run(agent.email)
    assert Authenticator.objects.count() == 2
    assert (
        run("--remove", agent.email.upper())
        == f"Removed 1 second factors of {agent.email}, and told them by mail.\n"
    )
    assert not Authenticator.objects.exists()
    assert not is_in(browser)
    assert api().post("/api/auth/refresh", {"refresh": tokens.json()["refresh"]}).status_code == 401
    removed = Change.objects.filter(what="factor_removed")
    assert {(change.person, change.by, change.kind) for change in removed} == {
        (agent, None, "totp"),
        (agent, None, "recovery_codes"),
    }
    jobs.run_due()
    told = mail.outbox[-1]
    assert (told.to, told.subject) == ([agent.email], "Two-step log-in was removed from your account")
    assert "from ." not in told.body
    log_in(browser, agent)
    assert is_in(browser)
    assert "has no second factor" in run("--remove", agent.email)


def test_the_command_names_who_is_not_there(db):
    with pytest.raises(CommandError, match="Nobody here has the address"):
        run("--remove", "nobody@example.com")
