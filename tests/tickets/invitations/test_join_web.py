"""The page behind the link: a new account, a customer's, somebody else's, and what is asked of who joins."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.core.signing import Signer

from accounts.models import User
from accounts.signin.models import Change
from helpdesk.single_sign_on import openid_connect
from tests.accounts.signin.conftest import is_in, log_in
from tests.tickets.invitations.conftest import JOINING, NEW
from tickets.invitations import inviting, joining
from tickets.invitations.models import Invitation
from tickets.teams.models import Team

pytestmark = pytest.mark.django_db
GONE = "doesn’t open anything"


def test_a_newcomer_joins_with_name_and_password_and_is_at_the_desk(invited, web, supervisor) -> None:
    billing = Team.objects.create(name="Billing")
    invitation, link = invited(role="supervisor", teams=[billing])
    browser = web()
    page = browser.get(link)
    assert (page.status_code, page["Cache-Control"].count("no-store")) == (200, 1)
    assert "invited to work here as a supervisor, in the team Billing" in page.content.decode()
    assert not User.objects.filter(email=NEW).exists(), "opening the link does nothing"
    answer = browser.post(link, JOINING)
    assert answer.url == "/admin/"
    assert browser.get("/admin/").status_code == 200
    nina = User.objects.get(email=NEW)
    assert (nina.name, nina.role, nina.email_is_verified, nina.is_superuser) == (
        "Nina New", "supervisor", True, False,
    )  # fmt: skip
    assert list(nina.teams.all()) == [billing]
    invitation.refresh_from_db()
    assert (invitation.state, invitation.accepted_by) == ("accepted", nina)
    change = Change.objects.get(what="joined")
    assert (change.person, change.by, change.kind) == (nina, supervisor, f"supervisor by {invitation.pk}")
    assert is_in(log_in_anew(web(), nina))


def log_in_anew(browser, nina):
    log_in(browser, nina, JOINING["password1"])
    return browser


def test_the_link_is_good_for_one_use(invited, web) -> None:
    _, link = invited()
    web().post(link, JOINING)
    for again in (web().get(link), web().post(link, JOINING)):
        assert again.status_code == 404
        assert GONE in again.content.decode()
    assert User.objects.filter(email=NEW).count() == 1


def test_a_link_that_never_was_and_one_that_has_ended_get_the_same_answer(invited, web, supervisor) -> None:
    invitation, link = invited()
    inviting.revoke(invitation.pk, by=supervisor)
    never = f"/join/{Signer(salt=inviting.SALT).sign('never-was')}/"
    pages = [web().get(path) for path in (link, never, "/join/abc:def/")]
    assert {page.status_code for page in pages} == {404}
    plain = {page.content.replace(link.encode(), b"").replace(never.encode(), b"") for page in pages[:2]}
    assert len({len(page) for page in plain}) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("name", "buy at www.example.com", "Enter just your name"), ("name", "", "required"),
     ("password1", "short1", "too short"), ("password2", "Other-walks-on-Sunday-7", "passwords differ")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(invited, web, field, value, said) -> None:
    _, link = invited()
    both = {"password1": value, "password2": value} if field == "password1" else {field: value}
    answer = web().post(link, {**JOINING, **both})
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("characters", "too short")
    assert not User.objects.filter(email=NEW).exists()


def test_fields_of_a_forged_form_give_nothing_more(invited, web) -> None:
    _, link = invited()
    web().post(link, {**JOINING, "role": "admin", "is_superuser": "on", "email": "evil@example.com"})
    assert User.objects.get(email=NEW).role == "agent"
    assert not User.objects.filter(email="evil@example.com").exists()


def test_who_has_an_account_is_told_so_logs_in_and_accepts(invited, web, requester) -> None:
    _, link = invited(requester.email, "auditor")
    browser = web()
    page = browser.get(link).content.decode()
    assert "has an account already" in page
    assert f"/accounts/login/?next={link.replace(':', '%3A')}" in page
    assert browser.post(link, JOINING).status_code == 409, "the link alone sets no password of an account"
    answer = log_in(browser, requester, next=link)
    assert answer.url == link
    assert "Accept" in browser.get(link).content.decode()
    assert browser.post(link).url == "/admin/"
    requester.refresh_from_db()
    assert (requester.role, requester.name) == ("auditor", "Rita Requester")
    assert browser.get("/admin/").status_code == 200
    assert browser.get(link).status_code == 404


def test_somebody_else_who_is_logged_in_accepts_nothing(invited, web, requester, agent) -> None:
    _, link = invited(requester.email, "supervisor")
    browser = web(agent)
    assert "logged in as anna@example.com" in browser.get(link).content.decode()
    assert browser.post(link).status_code == 409
    requester.refresh_from_db()
    assert requester.role == "requester"
    assert Invitation.objects.get().state == "waiting"


def test_an_address_that_was_never_confirmed_accepts_nothing(invited, web, requester) -> None:
    """Somebody signed up under a stranger's address before: their password must not become the colleague's."""
    requester.emailaddress_set.update(verified=False)
    _, link = invited(requester.email)
    assert web(requester).post(link).status_code == 409
    requester.refresh_from_db()
    assert requester.role == "requester"


def test_who_got_a_role_meanwhile_is_told_so(invited, web, requester) -> None:
    _, link = invited(requester.email, "supervisor")
    User.objects.filter(pk=requester.pk).update(role="agent")
    browser = web(requester)
    assert "work here already" in browser.get(link).content.decode()
    assert browser.post(link).status_code == 409


def test_of_two_who_open_it_at_once_one_joins(invited, web) -> None:
    invitation, link = invited()
    known = inviting.find(link.split("/")[2])
    web().post(link, JOINING)
    with patch("tickets.invitations.inviting.find", return_value=known):
        User.objects.filter(email=NEW).update(email="moved@example.com")
        assert web().post(link, JOINING).status_code == 404
    with pytest.raises(joining.Gone):
        joining.with_new_account(invitation.pk, name="N", password=JOINING["password1"])


def test_a_role_that_needs_a_second_factor_is_led_to_set_it_up(invited, web, settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = "staff"
    _, link = invited()
    browser = web()
    assert browser.post(link, JOINING).url == "/admin/"
    assert browser.get("/admin/").url == "/accounts/2fa/"
    set_up = browser.get("/accounts/2fa/totp/activate/")
    browser.post(set_up.url, {"password": JOINING["password1"]})
    assert browser.get("/accounts/2fa/totp/activate/").status_code == 200


def test_single_sign_on_is_offered_and_leads_back(invited, web, settings, monkeypatch) -> None:
    said = {"ISSUER": "https://id.example.com", "CLIENT_ID": "x", "CLIENT_SECRET": "y", "NAME": "Home"}
    for name, value in said.items():
        monkeypatch.setenv(f"OIDC_{name}", value)
    settings.SOCIALACCOUNT_PROVIDERS = openid_connect()
    _, link = invited()
    page = web().get(link).content.decode()
    assert "Join with Home" in page
    assert f"next={link.replace('/', '%2F').replace(':', '%3A')}" in page


def test_what_came_by_single_sign_on_accepts_with_one_press(invited, web) -> None:
    """The provider's verified address has made an account without rights; the link makes it a colleague's."""
    _, link = invited()
    nina = User.objects.create_user(NEW)
    browser = web(nina)
    assert "Accept" in browser.get(link).content.decode()
    browser.post(link)
    nina.refresh_from_db()
    assert nina.role == "agent"
