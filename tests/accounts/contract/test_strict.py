"""Nothing is taken in silence: what the API does not know is refused, with what it would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts.contract.views import ContractView
from accounts.models import User
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


def violation(answer: Any) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    (found,) = answer.json()["violations"]
    assert answer.json()["errors"] == {found["field"]: [found["message"]]}
    return dict(found)


@pytest.mark.parametrize(
    ("query", "field", "rule", "said"),
    [
        ("requester_email=x", "requester_email", "unknown", "Did you mean “requester”?"),
        ("statuss=open", "statuss", "unknown", "Did you mean “status”?"),
        ("ordering=subject", "ordering", "unknown", "Allowed: cursor, page_size,"),
        ("format=json", "format", "unknown", "Allowed: cursor, page_size,"),
        ("order=subject", "order", "invalid_choice", "Allowed: -created_at, created_at,"),
        ("page_size=1000", "page_size", "max_value", "Allowed: 1 to 100."),
        ("page_size=0", "page_size", "min_value", "Allowed: 1 to 100."),
        ("page_size=٣", "page_size", "type", "Allowed: 1 to 100."),
        ("scope=all&requester=", "requester", "type", "This may not be empty."),
        ("scope=own&scope=all", "scope", "type", "This may be given once."),
        ("status=opened", "status", "invalid_choice", "Allowed: open, auto_resolved,"),
        ("fields=id,subjekt", "fields", "unknown", "Did you mean “subject”?"),
        ("updated_since=yesterday", "updated_since", "invalid", "2026-11-30T09:00:00Z"),
        ("cursor=abc", "cursor", "invalid", "Take it from next or previous."),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_with_what_does(
    api: Api, agent: User, query: str, field: str, rule: str, said: str
) -> None:
    found = violation(api(agent).get(f"/api/tickets?{query}"))
    assert (found["field"], found["rule"]) == (field, rule)
    assert said in found["message"]


@pytest.mark.parametrize("name", ["requester", "assignee", "tag", "intent"])
def test_what_only_agents_filter_by_is_refused_to_others(api: Api, requester: User, name: str) -> None:
    assert violation(api(requester).get(f"/api/tickets?{name}=x"))["rule"] == "agents_only"


@pytest.mark.parametrize(
    ("body", "field", "rule", "said"),
    [
        ({"body": "x", "titel": "y"}, "titel", "unknown", "Allowed: subject, body, human_requested,"),
        ({"body": "x", "subjct": "y"}, "subjct", "unknown", "Did you mean “subject”?"),
        ({"body": 5}, "body", "type", "This must be text, not a whole number. Example: I sent the shoes"),
        ({"body": True}, "body", "type", "This must be text, not true or false."),
        ({"body": "x", "human_requested": "yes"}, "human_requested", "type", "Allowed: true, false."),
        ({"subject": "x"}, "body", "required", "Example: I sent the shoes"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_what_does(
    api: Api, requester: User, body: dict[str, Any], field: str, rule: str, said: str
) -> None:
    found = violation(api(requester).post("/api/tickets", body))
    assert (found["field"], found["rule"]) == (field, rule)
    assert said in found["message"]
    assert not Ticket.objects.exists()


def test_every_field_that_is_wrong_is_named_at_once(api: Api, requester: User) -> None:
    answer = api(requester).post("/api/tickets", {"subject": 1, "nonsense": 2, "human_requested": 3})
    assert set(answer.json()["errors"]) == {"subject", "nonsense", "human_requested", "body"}


@pytest.mark.parametrize("raw", ['{"body": "a", "body": "b"}', '{"body": NaN}', '{"body": "a"} x', '{"a": {"b": 1, "b": 2}}'])  # fmt: skip
def test_json_that_can_be_read_in_two_ways_is_not_read(api: Api, requester: User, raw: str) -> None:
    answer = api(requester).generic("POST", "/api/tickets", raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_half_a_letter_in_a_name_is_told_without_breaking(api: Api, requester: User) -> None:
    answer = api(requester).generic("POST", "/api/tickets", '{"\\ud800": 1}', content_type="application/json")
    assert "?" in answer.json()["errors"]


def test_what_needs_no_body_takes_none(
    api: Api, requester: User, engine: Any, submit: Callable[..., Ticket]
) -> None:
    path = f"/api/tickets/{submit(requester=requester).reference}/resolve"
    assert violation(api(requester).post(path, {"force": True}))["field"] == "force"
    assert api(requester).post(path).status_code == 200


def test_only_the_fields_that_are_asked_for_are_sent(
    api: Api, requester: User, engine: Any, submit: Callable[..., Ticket]
) -> None:
    reference = submit(requester=requester).reference
    (row,) = api(requester).get("/api/tickets?fields=status,subject").json()["results"]
    assert set(row) == {"id", "status", "subject"}
    one = api(requester).get(f"/api/tickets/{reference}?fields=requester&fields=feedback").json()
    assert one == {
        "id": reference,
        "requester": {"email": requester.email, "name": requester.name, "verified": True},
        "feedback": None,
    }


def test_there_is_one_version_and_another_is_refused(api: Api, requester: User) -> None:
    client = api(requester)
    assert client.get("/api/tickets", headers={"API-Version": "1"}).headers["API-Version"] == "1"
    assert "Allowed: 1." in violation(client.get("/api/tickets", headers={"API-Version": "2"}))["message"]


def own_views(patterns: Any) -> Iterator[Any]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from own_views(pattern.url_patterns)
        else:
            yield getattr(pattern.callback, "cls", pattern.callback)


def test_every_endpoint_keeps_to_the_contract() -> None:
    (api,) = (one for one in get_resolver().url_patterns if str(one.pattern) == "api/")
    others = [view.__name__ for view in own_views(api.url_patterns) if not issubclass(view, ContractView)]
    assert others == ["SpectacularAPIView", "SpectacularSwaggerView"]


def test_filters_find_what_they_name(
    api: Api, agent: User, requester: User, stranger: User, engine: Any, submit: Callable[..., Ticket]
) -> None:
    own, other = submit(requester=requester), submit(requester=stranger)
    own.assign(agent, actor=agent)
    client = api(agent)
    client.post(f"/api/tickets/{own.reference}/messages", {"body": "x", "internal": True})

    def listed(**asked: str) -> list[str]:
        rows = client.get("/api/tickets", {"scope": "all", **asked}).json()["results"]
        return [row["id"] for row in rows]

    assert listed(requester=requester.email.upper()) == [own.reference]
    assert listed(assignee="me") == listed(assignee=agent.email) == [own.reference]
    assert listed(assignee="none") == [other.reference]
    assert listed(tag="vip") == listed(intent="no_such") == listed(assignee="nobody@example.com") == []
    assert listed(order="created_at") == [own.reference, other.reference]
    assert listed(order="-updated_at")[0] == own.reference
    assert listed(updated_since=own.updated_at.isoformat()) == [own.reference]


def test_pages_by_change_follow_each_other_without_gap_or_repeat(api: Api, requester: User) -> None:
    rows = [Ticket(requester=requester, requester_email=requester.email, subject=str(n)) for n in range(7)]
    Ticket.objects.bulk_create(rows)
    Ticket.objects.filter(subject__in="345").update(updated_at="2026-01-01T00:00Z")
    seen, address = [], "/api/tickets?page_size=2&order=updated_at"
    while address:
        page = api(requester).get(address).json()
        seen += [row["subject"] for row in page["results"]]
        address = page["next"]
    assert sorted(seen) == [str(n) for n in range(7)]
    assert sorted(seen[:3]) == ["3", "4", "5"]
