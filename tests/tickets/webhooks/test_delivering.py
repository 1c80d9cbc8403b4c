"""From an Event to a receiver: signed, in order, once an id, tried for a day, and nobody waits for a dead one."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from tests.tickets.webhooks.conftest import Receiver, endpoint_for, serve
from tickets.audit import Event
from tickets.background import jobs
from tickets.background.jobs import Job
from tickets.background.lanes import WEBHOOKS
from tickets.models import Ticket
from tickets.watch.findings import Level, look
from tickets.webhooks import delivering, sending
from tickets.webhooks.models import OVERLAP, PATIENCE, Delivery, Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="A secret subject"
    )


def happen(ticket: Ticket, kind: str = "noted", **facts: Any) -> None:
    Event(ticket=ticket, kind=kind, facts=facts).save()


def work() -> None:
    """What the worker does in a second: seal, make deliveries, send them."""
    jobs.beat()
    jobs.run_due(lane=WEBHOOKS)


def pass_time(**span: float) -> None:
    """Let everything that waits be due, as if so much time had gone by."""
    by = timedelta(**span)
    for delivery in Delivery.objects.all():
        Delivery.objects.filter(pk=delivery.pk).update(
            next_at=delivery.next_at - by, since=delivery.since - by
        )
    for one in Endpoint.objects.exclude(rests_until=None):
        since = one.failing_since and one.failing_since - by
        Endpoint.objects.filter(pk=one.pk).update(rests_until=one.rests_until - by, failing_since=since)


def test_what_happens_is_told_signed_by_ids_only_and_in_order(receiver, ticket, requester):
    _endpoint, secret = endpoint_for(receiver.url)
    for number in range(3):
        happen(ticket, message=number, external_id="customer-4711")
    work()
    told = [Webhook(secret).verify(body, headers) for headers, body, _ in receiver.got]
    assert [event["data"]["position"] for event in told] == [1, 2, 3]
    assert told[0]["type"] == "ticket.noted"
    assert told[0]["data"]["ticket"] == ticket.reference
    text = json.dumps(told)
    assert all(word not in text for word in ("secret", "4711", requester.email))
    assert len(set(receiver.ids)) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert Endpoint.objects.get().last_success_at is not None


def test_a_body_that_was_changed_or_another_secret_does_not_verify(receiver, ticket):
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    headers, body, _ = receiver.got[0]
    for secret, said in (
        (Endpoint.objects.get().live_secrets()[0], body + " "),
        ("whsec_" + base64.b64encode(b"x" * 32).decode(), body),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(said, headers)


def test_the_secret_is_sealed_and_an_old_one_signs_for_a_day(receiver, ticket):
    endpoint, old = endpoint_for(receiver.url)
    assert old not in str(Endpoint.objects.values().get())
    new = endpoint.renew_secret()
    endpoint.save()
    happen(ticket)
    work()
    headers, body, _ = receiver.got[0]
    assert [Webhook(secret).verify(body, headers) is not None for secret in (old, new)] == [True, True]
    Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    happen(ticket)
    work()
    headers, body, _ = receiver.got[1]
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)
    assert timedelta(hours=24) == OVERLAP


def test_only_the_types_that_were_asked_for_come(receiver, ticket):
    endpoint_for(receiver.url, types=["ticket.resolved"])
    happen(ticket)
    happen(ticket, "resolved")
    work()
    assert [json.loads(body)["type"] for _, body, _ in receiver.got] == ["ticket.resolved"]
    assert Endpoint.objects.get().cursor == 2


@pytest.mark.parametrize("status", [500, 503, 429, 404, 301, 302, 307])
def test_what_is_no_2xx_is_tried_again_under_the_same_id_and_no_redirect_is_followed(
    receiver, ticket, status
):
    receiver.status, receiver.headers = status, {"Location": receiver.url}
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    assert len(receiver.got) == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.attempts) == ("pending", status, 1)
    assert delivery.next_at > timezone.now()
    work()
    assert len(receiver.got) == 1, "not before its time"
    receiver.status = 204
    pass_time(seconds=60)
    work()
    assert (len(receiver.got), len(set(receiver.ids))) == (2, 1)
    endpoint = Endpoint.objects.get()
    assert (Delivery.objects.get().state, endpoint.failures, endpoint.rests_until) == ("delivered", 0, None)


def test_a_retry_after_is_honoured_up_to_an_hour(receiver, ticket):
    receiver.status, receiver.headers = 503, {"Retry-After": "999999"}
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    wait = (Endpoint.objects.get().rests_until - timezone.now()).total_seconds()
    assert 3500 < wait <= 3600


def test_the_delays_reach_over_a_day_and_are_spread():
    assert sum(delivering.DELAYS) * 0.8 < PATIENCE.total_seconds() < sum(delivering.DELAYS) * 1.2
    drawn = {delivering.spread(100).total_seconds() for _ in range(50)}
    assert len(drawn) > 40
    assert 80 <= min(drawn) <= max(drawn) <= 120


def test_after_a_day_of_failures_it_is_switched_off_and_supervisors_are_told(
    receiver, ticket, supervisor, mailoutbox
):
    receiver.status = 500
    endpoint, _secret = endpoint_for(receiver.url)
    happen(ticket)
    for _ in range(14):
        work()
        pass_time(hours=2)
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.why_off, Delivery.objects.get().state) == (False, "failing", "failed")
    assert 10 <= Delivery.objects.get().attempts <= 14
    jobs.run_due(lane="mail")
    (mail,) = mailoutbox
    assert (
        mail.to,
        "CRM" in mail.subject,
        f"/admin/webhooks/endpoint/{endpoint.pk}/change/" in mail.body,
    ) == ([supervisor.email], True, True)
    assert look("webhooks")[0].level is Level.WARNING
    happen(ticket)
    work()
    assert Delivery.objects.count() == 1, "who is off is told nothing"


def test_one_that_works_in_between_is_not_switched_off(receiver, ticket):
    endpoint, _secret = endpoint_for(receiver.url)
    receiver.status = 422
    happen(ticket)
    work()
    receiver.status = 200
    happen(ticket)
    work()
    receiver.status = 422
    pass_time(hours=25)
    work()
    endpoint.refresh_from_db()
    assert (endpoint.active, Delivery.objects.order_by("id").first().state) == (True, "failed")


def test_410_switches_it_off_at_once(receiver, ticket, supervisor, mailoutbox):
    receiver.status = 410
    endpoint_for(receiver.url)
    happen(ticket)
    happen(ticket)
    work()
    assert len(receiver.got) == 1
    assert (Endpoint.objects.get().active, Endpoint.objects.get().why_off) == (False, "gone")
    jobs.run_due(lane="mail")
    assert len(mailoutbox) == 1


def test_switched_on_again_it_begins_with_what_comes_then(receiver, ticket):
    endpoint, _secret = endpoint_for(receiver.url)
    endpoint.switch_off(Endpoint.Why.BY_HAND)
    endpoint.save()
    happen(ticket)
    work()
    endpoint.switch_on()
    endpoint.save()
    happen(ticket)
    work()
    assert [json.loads(body)["data"]["position"] for _, body, _ in receiver.got] == [2]


def test_sent_again_it_keeps_its_id(receiver, ticket):
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    Delivery.objects.get().again()
    work()
    assert (len(receiver.got), len(set(receiver.ids))) == (2, 1)


def test_one_that_refuses_a_message_still_gets_the_others(receiver, ticket):
    endpoint_for(receiver.url)
    receiver.before = lambda handler: setattr(receiver, "status", 400 if len(receiver.got) == 1 else 200)
    for _ in range(3):
        happen(ticket)
    work()
    assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == [
        "pending",
        "delivered",
        "delivered",
    ]


def test_one_that_fails_is_asked_once_and_then_rests_whatever_waits(receiver, ticket):
    receiver.status = 500
    endpoint_for(receiver.url)
    for _ in range(20):
        happen(ticket)
    work()
    work()
    assert len(receiver.got) == 1


def test_an_address_that_became_private_is_refused_and_nothing_is_sent(receiver, ticket, settings):
    endpoint_for(receiver.url)
    settings.WEBHOOK_INTERNAL_HOSTS = []
    happen(ticket)
    work()
    assert receiver.got == []
    assert Delivery.objects.get().error.startswith("Refused:")


def test_a_receiver_that_never_answers_is_hung_up_on(receiver, ticket, monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 0.2)
    held = []
    receiver.before = lambda handler: held.append(handler.rfile.read(1))  # until the other side hangs up
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status) == ("pending", None)
    assert 100 < delivery.milliseconds < 5_000


def test_of_two_workers_one_sends_and_who_dies_loses_it_after_a_minute(receiver, ticket):
    endpoint, _secret = endpoint_for(receiver.url)
    happen(ticket)
    jobs.beat()
    assert delivering._claim(endpoint) is not None
    assert delivering._claim(endpoint) is None
    pass_time(seconds=61)
    assert delivering._claim(endpoint) is not None


def test_two_that_look_at_the_same_moment_make_each_delivery_once(receiver, ticket):
    endpoint, _secret = endpoint_for(receiver.url)
    happen(ticket)
    jobs.beat()
    stale = Endpoint(pk=endpoint.pk, cursor=0, types=[])
    delivering._make_deliveries(stale)
    assert Delivery.objects.count() == 1


def test_a_secret_that_cannot_be_read_is_told_and_sends_nothing(receiver, ticket, settings):
    endpoint_for(receiver.url)
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789-0123"
    happen(ticket)
    work()
    assert receiver.got == []
    assert "secret" in Delivery.objects.get().error


def test_a_look_costs_three_queries_where_nothing_is_new_and_one_without_webhooks(receiver):
    with CaptureQueriesContext(connection) as none:
        delivering.fan_out()
    endpoint_for(receiver.url)
    with CaptureQueriesContext(connection) as asked:
        delivering.fan_out()
        delivering.send_off()
    assert (len(none), len(asked)) == (1, 3)


def test_what_ended_a_month_ago_is_swept(receiver, ticket):
    endpoint_for(receiver.url)
    happen(ticket)
    work()
    happen(ticket)
    jobs.beat()
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    delivering.forget_old()
    assert Delivery.objects.get().state == "pending"


def test_each_endpoint_has_one_job_at_a_time(receiver, ticket, settings):
    other = Receiver()
    server = serve(other)
    endpoint_for(receiver.url)
    endpoint_for(other.url)
    for _ in range(3):
        happen(ticket)
    jobs.beat()
    jobs.beat()
    assert Job.objects.filter(kind=delivering.KIND).count() == 2
    jobs.run_due(lane=WEBHOOKS)
    assert (len(receiver.got), len(other.got)) == (3, 3)
    server.shutdown()
    server.server_close()
