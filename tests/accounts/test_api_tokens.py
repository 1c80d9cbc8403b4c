"""API tokens: hashed, shown once, scoped, bounded in time and place, and ended by whatever ends their person."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import privacy, retention
from accounts.models import Role, User
from accounts.signin.models import Change
from accounts.tokens import families, keys
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import Scope, is_open
from tests.conftest import PASSWORD
from tickets.mail.outbox import OutgoingMail
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def token_for(user: User, *scopes: Scope, **facts: Any) -> str:
    facts = {"name": "a script", "days": 30, "by": user, **facts}
    return keys.make(user, scopes=scopes or (Scope.TICKETS_READ,), **facts)[1]


def bearing(raw: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return client


def listed(raw: str, **facts: Any) -> Any:
    return bearing(raw).get("/api/tickets", **facts)


def test_the_database_holds_no_token_and_the_log_none_either(requester, caplog):
    with caplog.at_level(logging.DEBUG):
        raw = token_for(requester)
        assert listed(raw).status_code == 200
    row = str(ApiToken.objects.values().get())
    assert raw.removeprefix("hd_")[8:] not in row
    assert raw not in caplog.text
    assert (len(raw), raw[:3]) == (46, "hd_")


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-1], lambda raw: raw + "a", lambda raw: raw[:-1] + "é", lambda raw: "hd_"]
)
def test_what_is_nearly_a_token_is_none(requester, spoil):
    refused = listed(spoil(token_for(requester)))
    assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")
    assert refused["WWW-Authenticate"].startswith("Bearer")


def end_by_time(user: User) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def switch_off_and_on(user: User) -> None:
    for active in (False, True):
        user.is_active = active
        user.save()


ENDINGS: dict[str, Callable[[User], object]] = {
    "its time": end_by_time,
    "revoking": lambda user: keys.revoke(ApiToken.objects.get(), by=user),
    "being switched off, even when switched on again": switch_off_and_on,
    "log out everywhere": families.end_everywhere,
    "erasing": lambda user: privacy.erase(privacy.find(user.email)),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_token_ends_with(requester, name):
    raw = token_for(requester)
    assert listed(raw).status_code == 200
    ENDINGS[name](requester)
    assert listed(raw).status_code == 401


def test_a_new_password_ends_it(requester, web):
    raw = token_for(requester)
    browser = web()
    browser.post("/accounts/login/", {"login": requester.email, "password": PASSWORD})
    new = {
        "oldpassword": PASSWORD,
        "password1": "another-long-Passw0rd",
        "password2": "another-long-Passw0rd",
    }
    assert browser.post("/accounts/password/change/", new).status_code == 302
    assert listed(raw).status_code == 401


def test_a_withdrawn_role_counts_at_once(supervisor):
    raw = token_for(supervisor, Scope.ADMIN_READ)
    assert bearing(raw).get("/api/admin/metrics").status_code == 200
    User.objects.filter(pk=supervisor.pk).update(role=Role.REQUESTER)
    assert bearing(raw).get("/api/admin/metrics").status_code == 403


def test_it_can_never_do_more_than_its_user(requester, stranger, submit):
    theirs = submit(requester=stranger)
    raw = token_for(requester, *Scope)
    assert bearing(raw).get(f"/api/tickets/{theirs.reference}").status_code == 404
    assert bearing(raw).get("/api/admin/metrics").status_code == 403


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        ("203.0.113.7", "203.0.113.7", 200), ("203.0.113.7", "203.0.113.8", 403), ("203.0.113.0/24, 2001:db8::/32", "2001:db8::9", 200),
        ("2001:db8::/32", "203.0.113.7", 403), ("203.0.113.0/24", "::ffff:203.0.113.7", 200), ("203.0.113.9/24", "203.0.113.1", 200),
    ],
)  # fmt: skip
def test_it_may_be_bound_to_networks(requester, networks, address, status):
    raw = token_for(requester, networks=keys.read_networks(networks))
    got = listed(raw, REMOTE_ADDR=address)
    assert got.status_code == status
    assert status == 200 or got.json()["code"] == "address_not_allowed"


def test_what_is_no_network_is_named():
    with pytest.raises(ValidationError, match=r"10\.0\.0\.300"):
        keys.read_networks("10.0.0.1, 10.0.0.300")


def test_when_it_was_used_is_written_at_most_once_a_minute_and_costs_one_query_else(requester):
    raw = token_for(requester)
    listed(raw)
    first = ApiToken.objects.get().last_used_at
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert keys.read(raw, "127.0.0.1").user == requester
    assert len(asked) == 1
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    listed(raw)
    assert ApiToken.objects.get().last_used_at >= first


def test_the_trail_names_who_made_and_who_revoked_it(requester, supervisor):
    token, _raw = keys.make(requester, name="x", scopes=[Scope.ASK], days=30, by=supervisor)
    assert keys.revoke(token, by=requester)
    assert not keys.revoke(token, by=requester)
    trail = Change.objects.order_by("id").values_list("what", "kind", "by")
    assert list(trail) == [
        ("token_made", str(token.pk), supervisor.pk),
        ("token_revoked", str(token.pk), requester.pk),
    ]


def test_nobody_has_more_than_twenty(requester):
    for _ in range(keys.MOST):
        token_for(requester)
    with pytest.raises(ValidationError):
        token_for(requester)
    keys.revoke(ApiToken.objects.first(), by=requester)
    token_for(requester)


def test_what_ended_long_ago_is_swept(requester):
    token_for(requester)
    ApiToken.objects.update(expires_at=timezone.now() - retention.TOKENS_KEPT - timedelta(days=1))
    token_for(requester)
    retention.sweep()
    assert ApiToken.objects.count() == 1


# --- Scopes ----------------------------------------------------------------------------------------------


def api_views() -> Iterator[tuple[str, Any]]:
    def walk(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, here)
            elif here.startswith("api/"):
                yield here, pattern.callback.cls

    yield from walk(get_resolver().url_patterns, "")


def methods(view: Any) -> set[str]:
    return {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}


def test_every_route_of_the_api_says_which_scope_it_needs():
    found = list(api_views())
    assert len(found) > 12
    lacking = {
        path
        for path, view in found
        if not is_open(view) and not methods(view) <= set(getattr(view, "needs", {}))
    }
    assert lacking == set(), "say in `needs` which scope each method takes"
    assert all(isinstance(scope, Scope) for _, view in found for scope in getattr(view, "needs", {}).values())


VARIABLE = re.compile(r"<(\w+):\w+>")
ABSENT = {"int": "999999", "str": "NOSUCH", "slug": "no-such", "uuid": "00000000-0000-0000-0000-000000000007"}


def test_without_the_scope_no_route_opens_and_with_it_none_refuses_for_it(supervisor):
    raws = {scope: token_for(supervisor, scope) for scope in Scope}
    for path, view in api_views():
        address = "/" + VARIABLE.sub(lambda found: ABSENT[found[1]], path)
        for method in () if is_open(view) else methods(view):
            needed = view.needs[method]
            for held in {needed, Scope.ASK if needed is not Scope.ASK else Scope.EVENTS_READ}:
                got = bearing(raws[held]).generic(method, address, "{}", "application/json")
                refused = got.status_code == 403 and got.json()["code"] == "insufficient_scope"
                assert refused is (held is not needed), (method, address, held, got.content)
                assert (
                    not refused
                    or got["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{needed}"'
                )


def test_a_view_that_says_nothing_is_closed_to_tokens(requester, monkeypatch):
    raw = token_for(requester, *Scope)
    view = dict(api_views())["api/tickets"]
    monkeypatch.delattr(view, "needs")
    refused = listed(raw)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


def test_reading_does_not_write_and_head_is_reading(requester):
    raw = token_for(requester, Scope.TICKETS_READ)
    assert bearing(raw).post("/api/tickets", {"body": "Hello"}).status_code == 403
    assert bearing(raw).head("/api/tickets").status_code == 200
    assert bearing(raw).patch("/api/tickets").status_code == 405
    assert not Ticket.objects.exists()


# --- The profile, the API, the admin ---------------------------------------------------------------------


def made_on(page: Any) -> str:
    return str(page.context["raw"])


def test_a_person_makes_one_on_the_profile_uses_and_revokes_it(requester, web):
    browser = web(requester)
    form = {
        "name": "  My   script ",
        "scopes": ["tickets:read", "tickets:write"],
        "days": "30",
        "networks": "",
    }
    page = browser.post("/accounts/tokens/", form)
    raw = made_on(page)
    assert raw in page.content.decode()
    assert page["Cache-Control"].count("no-store") == 1
    assert raw not in browser.get("/accounts/tokens/").content.decode()
    assert bearing(raw).post("/api/tickets", {"body": "Hello"}).status_code == 201
    token = ApiToken.objects.get()
    assert (token.name, token.scopes, token.made_by) == ("My script", "tickets:read tickets:write", requester)
    assert browser.post(f"/accounts/tokens/{token.pk}/revoke/").url == "/accounts/tokens/"
    assert listed(raw).status_code == 401


def test_a_stranger_revokes_nothing(requester, stranger, web, api):
    raw = token_for(requester)
    pk = ApiToken.objects.get().pk
    assert web(stranger).post(f"/accounts/tokens/{pk}/revoke/").status_code == 404
    assert api(stranger).delete(f"/api/auth/tokens/{pk}").status_code == 404
    assert listed(raw).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["admin:read"]}, {"scopes": ["everything"]}, {"days": "9999"}, {"networks": "home"}, {"name": " "}],
)  # fmt: skip
def test_a_wrong_wish_is_told_beside_the_field(requester, web, wrong):
    form = {"name": "x", "scopes": ["ask"], "days": "30", "networks": "", **wrong}
    page = web(requester).post("/accounts/tokens/", form)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == set(wrong)
    assert not ApiToken.objects.exists()


def test_over_the_api_one_lists_and_revokes_ones_own(requester, stranger):
    raw = token_for(requester, Scope.TOKENS_READ, Scope.TOKENS_WRITE, networks="127.0.0.0/8")
    token_for(stranger)
    (row,) = bearing(raw).get("/api/auth/tokens").json()
    assert (row["hint"], row["scopes"], row["networks"]) == (
        raw[:8],
        ["tokens:read", "tokens:write"],
        ["127.0.0.0/8"],
    )
    assert raw not in str(row)
    assert bearing(raw).delete(f"/api/auth/tokens/{row['id']}").status_code == 204
    assert bearing(raw).get("/api/auth/tokens").status_code == 401


def service_form(**changed: Any) -> dict[str, Any]:
    return {"service": "crm-sync", "role": "agent", "name": "nightly", "scopes": ["tickets:read"], "days": "365", "networks": "", **changed}  # fmt: skip


def test_a_supervisor_makes_a_token_for_a_service_and_it_is_shown_once(supervisor, web, submit):
    browser = web(supervisor)
    page = browser.post("/admin/tokens/apitoken/add/", service_form())
    raw = page.context["secret"]
    assert "no-store" in page["Cache-Control"]
    service = User.objects.get(email="crm-sync@service.invalid")
    assert not service.has_usable_password()
    ticket = submit()
    assert bearing(raw).get(f"/api/tickets/{ticket.reference}").status_code == 200
    assert service not in User.objects.staff()
    again = browser.post("/admin/tokens/apitoken/add/", service_form(role="supervisor"))
    assert again.context["secret"] != raw
    assert User.objects.get(email="crm-sync@service.invalid").role == Role.AGENT
    assert raw not in browser.get("/admin/tokens/apitoken/").content.decode()
    one = ApiToken.objects.last()
    browser.post("/admin/tokens/apitoken/", {"action": "revoke", "_selected_action": str(one.pk)})
    assert bearing(raw).get("/api/tickets").status_code == 401


def test_no_mail_goes_to_a_service(supervisor, web, submit):
    raw = (
        web(supervisor)
        .post("/admin/tokens/apitoken/add/", service_form(scopes=["tickets:write"]))
        .context["secret"]
    )
    assert bearing(raw).post("/api/tickets", {"body": "Hello", "human_requested": True}).status_code == 201
    assert not OutgoingMail.objects.exists()
