"""Single sign-on against a real OpenID Connect provider: whom its word lets in, to which account, in which role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from oidc_provider_mock import run_server_in_thread

from accounts.models import User
from accounts.signin.models import Change
from helpdesk.single_sign_on import openid_connect
from tests.accounts.signin.conftest import is_in, log_in, with_app  # noqa: F401  # a fixture

pytestmark = [pytest.mark.process, pytest.mark.django_db]

START = "/accounts/sso/sso/"
GROUPS = {"agent": ["helpdesk"], "auditor": ["audit"], "supervisor": ["leads"], "admin": ["owners", "it"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def arrive(provider: str, settings: Any, monkeypatch: Any, web: Any) -> Callable[..., Any]:
    """Log in through the provider as the person that it describes by these claims; the last answer and the browser."""
    said = {
        "OIDC_ISSUER": provider,
        "OIDC_CLIENT_ID": "helpdesk",
        "OIDC_CLIENT_SECRET": "secret",
        "OIDC_NAME": "Home",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    settings.SOCIALACCOUNT_PROVIDERS = openid_connect()
    settings.SSO_ROLE_GROUPS = GROUPS

    def go(sub: str, browser: Client | None = None, start: str = START, **claims: Any) -> tuple[Any, Client]:
        browser = browser or web()
        httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()
        page = browser.post(start)
        assert page.status_code == 200, page.content
        address = unescape(re.search(r'href="(http://localhost[^"]+)"', page.content.decode())[1])
        back = httpx.post(address, data={"sub": sub}).headers["Location"]
        assert back.startswith("http://testserver/accounts/sso/sso/callback/?")
        return browser.get(back.removeprefix("http://testserver")), browser

    return go


def test_the_log_in_page_offers_it_only_where_it_is_set(arrive, web, settings):
    assert "Log in with Home" in web().get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Log in with Home" not in web().get("/accounts/login/").content.decode()
    assert web().post(START).status_code == 404


def test_a_newcomer_gets_an_account_without_rights(arrive):
    answer, browser = arrive("1", email="Nora@Example.com", email_verified=True, name="Nora New")
    assert answer.url == "/"
    assert is_in(browser)
    nora = User.objects.get()
    assert (nora.email, nora.name, nora.role, nora.email_is_verified) == (
        "nora@example.com", "Nora New", "requester", True,
    )  # fmt: skip
    assert not nora.has_usable_password()
    assert list(Change.objects.values_list("what", "kind")) == [("linked", "sso")]


@pytest.mark.parametrize("verified", [False, None, "false", 0, "yes"])
def test_an_address_that_is_not_verified_opens_nothing(arrive, requester, verified):
    answer, browser = arrive("2", email=requester.email, email_verified=verified)
    assert answer.status_code == 403
    assert "confirmed email address" in answer.content.decode()
    assert not is_in(browser)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["leads", "x"], "supervisor"), (["helpdesk"], "agent"), ("helpdesk", "agent"), (["Leads"], "requester"),
     (["audit"], "auditor"), (["helpdesk", "audit"], "auditor"), (["it", "audit"], "admin"), ("owners", "admin"),
     (["admin"], "requester"), ([""], "requester"), ("owners,it", "requester"),
     (["x"], "requester"), (None, "requester"), ({"leads": 1}, "requester"), ([["leads"]], "requester")],
)  # fmt: skip
def test_the_groups_give_the_role_and_unknown_ones_none(arrive, groups, role):
    arrive("3", email="gus@example.com", email_verified=True, groups=groups)
    assert User.objects.get().role == role


def test_the_role_is_put_right_at_each_log_in_and_stays_in_the_trail(arrive, web):
    steps = (["owners"], "admin"), (["leads"], "supervisor"), (["audit"], "auditor"), (["helpdesk"], "agent"), ([], "requester")  # fmt: skip
    for groups, role in (*steps, (["owners"], "admin")):
        arrive("4", email="gus@example.com", email_verified=True, groups=groups)
        assert User.objects.get().role == role
    given = Change.objects.filter(what="role").order_by("id").values_list("kind", flat=True)
    assert list(given) == ["admin", "supervisor", "auditor", "agent", "requester", "admin"]


@pytest.mark.parametrize("role", ["agent", "auditor", "supervisor", "admin"])
def test_who_has_left_all_groups_loses_a_role_that_the_house_gave(arrive, settings, role):
    """Also one that no setting names groups for: the provider's word says who works here, or nobody's does."""
    settings.SSO_ROLE_GROUPS, settings.SSO_LINK_STAFF = {"agent": ["helpdesk"]}, True
    User.objects.create_user("gus@example.com", role=role)
    _answer, browser = arrive("11", email="gus@example.com", email_verified=True, groups=["former"])
    assert User.objects.get().role == "requester"
    assert browser.get("/admin/").status_code == 302


def test_without_groups_of_any_role_the_house_gives_them(arrive, settings):
    settings.SSO_ROLE_GROUPS, settings.SSO_LINK_STAFF = {}, True
    User.objects.create_user("gus@example.com", role="admin")
    arrive("12", email="gus@example.com", email_verified=True, groups=["former"])
    assert User.objects.get().role == "admin"


def test_a_superuser_is_left_alone(arrive, settings):
    settings.SSO_LINK_STAFF = True
    User.objects.create_superuser("root@example.com")
    arrive("5", email="root@example.com", email_verified=True, groups=[])
    assert User.objects.get().role == "admin"


def test_a_requesters_account_is_opened_by_their_verified_address(arrive, requester):
    _answer, browser = arrive("6", email=requester.email, email_verified=True)
    assert is_in(browser)
    assert SocialAccount.objects.get().user == requester


@pytest.mark.parametrize("active", [True, False])
def test_a_staff_account_is_not_opened_by_its_address_alone(arrive, agent, settings, active):
    User.objects.update(is_active=active)
    answer, browser = arrive("7", email=agent.email, email_verified=True, groups=["leads"])
    assert answer.status_code == 403
    assert "already has an account" in answer.content.decode()
    assert not is_in(browser)
    assert not SocialAccount.objects.exists()
    settings.SSO_LINK_STAFF = True
    _answer, browser = arrive("7", email=agent.email, email_verified=True, groups=["helpdesk"])
    assert is_in(browser) is active


def test_staff_connect_it_from_their_own_profile(arrive, agent):
    answer, browser = arrive("8", email=agent.email, email_verified=True)
    assert answer.status_code == 403
    log_in(browser, agent)
    browser.post("/accounts/reauthenticate/", {"password": "a-long-enough-Passw0rd"})
    connect = f"{START}?process=connect&next=/accounts/profile/"
    arrive("8", browser, connect, email=agent.email, email_verified=True)
    assert SocialAccount.objects.get().user == agent
    _answer, other = arrive("8", email=agent.email, email_verified=True, groups=["helpdesk"])
    assert is_in(other)


def test_whoever_has_a_second_factor_is_asked_for_it(arrive, requester, with_app):  # noqa: F811
    app = with_app(requester)
    answer, browser = arrive("9", email=requester.email, email_verified=True)
    assert answer.url == "/accounts/2fa/authenticate/"
    assert not is_in(browser)
    browser.post(answer.url, {"code": app.code()})
    assert is_in(browser)


@pytest.mark.parametrize("vouches", [True, False])
def test_the_provider_may_ask_for_the_second_factor_itself(arrive, settings, vouches):
    settings.REQUIRE_SECOND_FACTOR, settings.SSO_SECOND_FACTOR = "staff", vouches
    _answer, browser = arrive("10", email="gus@example.com", email_verified=True, groups=["leads"])
    assert (browser.get("/admin/").status_code == 200) is vouches


def test_a_provider_that_does_not_answer_is_told(arrive, web, settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = (
        "http://localhost:9"
    )
    answer = web().post(START)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=y", "?error=access_denied"])
def test_an_answer_that_nobody_asked_for_lets_nobody_in(arrive, web, query):
    browser = web()
    assert browser.get(f"/accounts/sso/sso/callback/{query}").status_code < 500
    assert not is_in(browser)
