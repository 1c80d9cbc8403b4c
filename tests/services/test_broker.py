"""Celery over a real Redis: fast while it works, and nothing lost or done twice while it does not."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Role
from accounts.tokens import families
from helpdesk.celery import app
from tests.conftest import person
from tests.installation import Installation, eventually, free_port, kill_group
from tests.services.proxy import Proxy
from tickets.background import jobs, tasks
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Job, Message, Status, Ticket
from triage.models import Answer, Decision, Intent, Rule

pytestmark = [pytest.mark.broker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WORKER = ("-m", "celery", "-A", "helpdesk", "worker", "--concurrency", "1", "--loglevel", "warning")
GUESTS = count()


def wish() -> Submission:
    """The same question of a new guest each time: nobody is sent an answer twice."""
    address = f"guest{next(GUESTS)}@example.com"
    return Submission(subject="Refund", body="Where is my refund?", guest_email=address)


@pytest.fixture
def wire() -> Iterator[Proxy]:
    """The way to Redis, empty at the beginning."""
    address = urlsplit(os.environ["TEST_REDIS_URL"])
    redis.Redis.from_url(os.environ["TEST_REDIS_URL"]).flushdb()
    proxy = Proxy(address.hostname or "127.0.0.1", address.port or 6379)
    proxy.start()
    yield proxy
    proxy.cut()


@pytest.fixture
def house(wire: Proxy, tmp_path: Path, settings: Any) -> Installation:
    """Processes of the product on the test's own database and broker; this process is one of them."""
    at = connection.settings_dict
    broker = f"redis://127.0.0.1:{wire.port}{urlsplit(os.environ['TEST_REDIS_URL']).path}"
    database = f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    use_broker(broker)
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
    Rule.objects.create(intent=intent, pattern="refund*", weight=0.9)
    Answer.objects.create(intent=intent, body="Refunds take five days.").approve(None)
    return Installation(tmp_path, DATABASE_URL=database, CELERY_BROKER_URL=broker)


def use_broker(url: str) -> None:
    """Point this process's Celery at ``url``, without a connection left over from another test."""
    app.conf.broker_url = url
    app._pool = None
    app.amqp._producer_pool = None
    jobs.use_broker(tasks.Broker())


def decided(ticket: Ticket) -> bool:
    return ticket.decisions.exists()


def let_time_pass() -> None:
    """Leases end and pauses are over."""
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(finished_at=None).update(run_at=past)
    Job.objects.filter(finished_at=None).exclude(lease_until=None).update(lease_until=past)


def answered_once(ticket: Ticket) -> bool:
    ticket.refresh_from_db()
    machine = ticket.messages.filter(sender=Message.Sender.MACHINE).count()
    return (ticket.status, ticket.decisions.count(), machine) == (Status.AUTO_RESOLVED, 1, 1)


def test_a_worker_elsewhere_gets_the_job_and_does_it(house: Installation) -> None:
    with house.started(*WORKER):
        ticket = submit_ticket(wish())
        assert ticket.status == Status.OPEN
        eventually(lambda: decided(ticket), what="the decision")
    assert answered_once(ticket)


def test_the_message_carries_the_jobs_id_and_nothing_else(house: Installation) -> None:
    ticket = submit_ticket(wish())
    waiting = redis.Redis.from_url(os.environ["TEST_REDIS_URL"]).lrange("celery", 0, -1)
    job = Job.objects.get(kind="triage", subject_id=ticket.pk)
    carried = [json.loads(raw)["headers"]["argsrepr"] for raw in waiting]
    assert f"[{job.pk}]" in carried
    assert set(carried) <= {f"[{pk}]" for pk in Job.objects.values_list("pk", flat=True)}
    assert not any(b"refund" in raw.lower() for raw in waiting)


@pytest.mark.parametrize("connected_before", [False, True])
def test_with_the_broker_down_a_ticket_is_taken_at_once_and_triaged_by_the_worker(
    house: Installation, wire: Proxy, connected_before: bool
) -> None:
    if connected_before:
        submit_ticket(wish())
    wire.cut()
    started = time.monotonic()
    ticket = submit_ticket(wish())
    assert time.monotonic() - started < 3
    assert not decided(ticket)
    let_time_pass()
    house.manage("work", "--once")
    assert answered_once(ticket)


def test_a_broker_that_hangs_costs_one_request_seconds_and_the_next_nothing(
    house: Installation, wire: Proxy
) -> None:
    wire.stall()
    times = [time.monotonic()]
    for _ in range(2):
        submit_ticket(wish())
        times.append(time.monotonic())
    assert times[1] - times[0] < 10
    assert times[2] - times[1] < 1
    assert Ticket.objects.count() == 2


def test_after_an_outage_the_broker_is_used_again(
    house: Installation, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.Broker, "REST", 0.0)
    submit_ticket(wish())
    wire.cut()
    submit_ticket(wish())
    wire.start()
    with house.started(*WORKER):
        submit_ticket(wish())  # may still meet the connection that was cut
        ticket = submit_ticket(wish())
        eventually(lambda: decided(ticket), what="the decision by way of the broker")
    assert answered_once(ticket)


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_job_whose_worker_was_killed_in_the_middle_is_done_once_by_another(house: Installation) -> None:
    ticket = submit_ticket(wish())
    with house.started(*WORKER) as worker:
        with transaction.atomic():
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            eventually(waits_for_a_lock, what="the worker's work on the ticket")
            kill_group(worker)
        assert not decided(ticket)
    let_time_pass()
    house.manage("work", "--once")
    assert answered_once(ticket)


def test_a_message_that_its_dead_worker_never_confirmed_does_not_decide_again(house: Installation) -> None:
    ticket = submit_ticket(wish())
    with house.started(*WORKER) as worker, transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        eventually(waits_for_a_lock, what="the worker's work on the ticket")
        kill_group(worker)
    let_time_pass()
    job = Job.objects.get(kind="triage")
    house.manage("work", "--once")
    tasks.run_job.apply(args=[job.pk])  # what the broker hands out again when its time-out ends
    assert answered_once(ticket)


def post_ticket(port: int, token: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/tickets", json.dumps({"body": "Where is my refund?"}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with contextlib.suppress(OSError):  # the server is killed before it answers
        urllib.request.urlopen(request, timeout=30)


def is_up(port: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200)
    return False


def test_a_web_process_killed_between_commit_and_dispatch_loses_nothing(
    house: Installation, wire: Proxy
) -> None:
    rita, port = person("rita@example.com", Role.REQUESTER, "Rita"), free_port()
    token = families.begin(rita)["access"]
    web = ("-m", "gunicorn", "--config", "python:helpdesk.gunicorn", "--bind", f"127.0.0.1:{port}",
           "--workers", "1", "helpdesk.wsgi:application")  # fmt: skip
    with house.started(*web) as server:
        eventually(lambda: is_up(port), what="the web server")
        wire.stall()
        client = threading.Thread(target=post_ticket, args=(port, token))
        client.start()
        eventually(Ticket.objects.exists, what="the commit")
        kill_group(server)
        client.join(30)
    ticket = Ticket.objects.get()
    assert (ticket.status, Decision.objects.count()) == (Status.OPEN, 0)
    let_time_pass()
    house.manage("work", "--once")
    assert answered_once(ticket)
