"""Webhooks over the API and in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from tests.tickets.webhooks.conftest import endpoint_for
from tickets import feed
from tickets.background import jobs
from tickets.background.lanes import WEBHOOKS
from tickets.webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db
WISH = {"name": "CRM", "url": "https://hooks.example.com/x", "types": ["ticket.created"]}


def test_a_webhook_is_made_changed_rotated_and_deleted(api, supervisor):
    client = api(supervisor)
    made = client.post("/api/webhooks", WISH)
    assert made.status_code == 201
    secret, pk = made.json()["secret"], made.json()["id"]
    assert secret == Endpoint.objects.get().live_secrets()[0]
    assert "secret" not in client.get(f"/api/webhooks/{pk}").json()
    changed = client.patch(f"/api/webhooks/{pk}", {"active": False}).json()
    assert (changed["active"], changed["why_off"], changed["types"]) == (False, "by_hand", ["ticket.created"])
    assert client.patch(f"/api/webhooks/{pk}", {"active": True}).json()["why_off"] == ""
    new = client.post(f"/api/webhooks/{pk}/secret").json()["secret"]
    assert Endpoint.objects.get().live_secrets() == [new, secret]
    assert [row["id"] for row in client.get("/api/webhooks").json()] == [pk]
    assert client.delete(f"/api/webhooks/{pk}").status_code == 204
    assert not Endpoint.objects.exists()


def test_what_is_sent_again_under_its_key_is_answered_with_what_it_made(api, supervisor):
    client = api(supervisor)

    def twice(path: str, body: Any = None) -> tuple[Any, Any]:
        first, second = (client.post(path, body, headers={"Idempotency-Key": path}) for _ in range(2))
        assert (first.status_code, "Idempotent-Replayed" in first) == (second.status_code, False)
        assert second["Idempotent-Replayed"] == "true"
        return first.json(), second.json()

    made, again = twice("/api/webhooks", WISH)
    assert (again["id"], again["secret"]) == (made["id"], made["secret"])
    assert Endpoint.objects.count() == 1
    own = f"/api/webhooks/{made['id']}"
    secret, same = twice(f"{own}/secret")
    assert secret == same
    test, known = twice(f"{own}/test")
    assert (test["id"], Delivery.objects.count()) == (known["id"], 1)
    twice(f"{own}/deliveries/{test['id']}/send")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://example.com/"),
        ("url", "https://127.0.0.1/"),
        ("types", ["ticket.nonsense"]),
        ("name", ""),
        ("secret", "mine"),
    ],
)
def test_a_wrong_wish_is_refused_by_name(api, supervisor, field, value):
    refused = api(supervisor).post("/api/webhooks", {**WISH, field: value})
    assert (refused.status_code, set(refused.json()["errors"])) == (400, {field})
    assert not Endpoint.objects.exists()


def test_every_type_that_can_happen_may_be_chosen(api, supervisor):
    assert api(supervisor).post("/api/webhooks", {**WISH, "types": feed.types()}).status_code == 201


def test_a_test_is_sent_logged_and_sent_again_under_its_id(api, supervisor, receiver):
    endpoint, _secret = endpoint_for(receiver.url)
    client = api(supervisor)
    sent = client.post(f"/api/webhooks/{endpoint.pk}/test").json()
    jobs.beat()
    jobs.run_due(lane=WEBHOOKS)
    (row,) = client.get(f"/api/webhooks/{endpoint.pk}/deliveries").json()["results"]
    assert (row["state"], row["status"], row["type"], row["position"]) == (
        "delivered",
        200,
        "webhook.test",
        None,
    )
    again = client.post(f"/api/webhooks/{endpoint.pk}/deliveries/{row['id']}/send")
    assert again.json()["message_id"] == sent["message_id"]
    jobs.beat()
    jobs.run_due(lane=WEBHOOKS)
    assert receiver.ids == [sent["message_id"]] * 2


def test_where_it_is_told_and_with_which_secret_asks_for_a_fresh_second_factor(api, supervisor, receiver):
    endpoint, _ = endpoint_for(receiver.url)
    Authenticator.objects.create(user=supervisor, type="totp", data={})
    client = api(supervisor)
    for answer in (
        client.post("/api/webhooks", WISH),
        client.patch(f"/api/webhooks/{endpoint.pk}", {"url": "https://example.com/"}),
        client.post(f"/api/webhooks/{endpoint.pk}/secret"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_stale")
    assert client.post(f"/api/webhooks/{endpoint.pk}/test").status_code == 202


def test_a_delivery_of_another_webhook_is_not_found(api, supervisor, receiver):
    one, _ = endpoint_for(receiver.url)
    other, _ = endpoint_for(receiver.url)
    delivery = Delivery.objects.create(endpoint=one, type="webhook.test")
    assert api(supervisor).post(f"/api/webhooks/{other.pk}/deliveries/{delivery.pk}/send").status_code == 404


# --- The admin -------------------------------------------------------------------------------------------


def add(browser: Any, **changed: Any) -> Any:
    form = {
        "name": "CRM",
        "url": "https://hooks.example.com/x",
        "active": "on",
        "types": ["ticket.created"],
        **changed,
    }
    return browser.post("/admin/webhooks/endpoint/add/", form)


def test_a_supervisor_sets_one_up_and_sees_its_secret_once(web, supervisor):
    browser = web(supervisor)
    page = add(browser)
    endpoint = Endpoint.objects.get()
    assert page.context["secret"] == endpoint.live_secrets()[0]
    assert "no-store" in page["Cache-Control"]
    assert (endpoint.made_by, endpoint.types) == (supervisor, ["ticket.created"])
    change = f"/admin/webhooks/endpoint/{endpoint.pk}/"
    assert page.context["secret"] not in browser.get(f"{change}change/").content.decode()
    browser.get(f"{change}rotate/")
    assert len(Endpoint.objects.get().live_secrets()) == 1, "asking changes nothing"
    rotated = browser.post(f"{change}rotate/")
    assert Endpoint.objects.get().live_secrets() == [rotated.context["secret"], page.context["secret"]]
    browser.post(f"{change}change/", {"name": "CRM", "url": "https://hooks.example.com/x"})
    assert (Endpoint.objects.get().why_off, Endpoint.objects.get().types) == ("by_hand", [])


def test_an_address_into_our_house_is_told_beside_the_field(web, supervisor):
    page = add(web(supervisor), url="https://169.254.169.254/latest/")
    assert set(page.context["adminform"].form.errors) == {"url"}


def test_the_log_shows_what_was_sent_and_sends_it_again(web, supervisor, receiver, submit):
    endpoint_for(receiver.url)
    ticket = submit(subject="A secret subject")
    jobs.beat()
    jobs.run_due(lane=WEBHOOKS)
    browser = web(supervisor)
    delivery = Delivery.objects.first()
    page = browser.get(f"/admin/webhooks/delivery/{delivery.pk}/change/").content.decode()
    assert ticket.reference in page
    assert "secret subject" not in page
    chosen = {"action": "send_again", "_selected_action": str(delivery.pk)}
    browser.post("/admin/webhooks/delivery/", chosen)
    assert Delivery.objects.get(pk=delivery.pk).state == "pending"
    sent = len(receiver.got)
    jobs.beat()
    jobs.run_due(lane=WEBHOOKS)
    assert receiver.ids[sent:] == [delivery.message_id]
