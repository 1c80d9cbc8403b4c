"""Forty at the same moment: exactly the limit passes, on every database and over Redis."""

from __future__ import annotations

import os
from functools import partial

import pytest
import redis
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from accounts.limits import spending
from accounts.limits.models import Allowance
from accounts.limits.spending import LimitReached, spend
from tests.conftest import FakeEngine
from tests.installation import Installation
from tests.services.conftest import Together
from tickets.mail import claimed
from tickets.models import Ticket

AT_ONCE, LIMIT = 40, 10


def ask(number: int) -> None:
    request = RequestFactory().post("/", REMOTE_ADDR=f"198.51.100.{number}")
    request.user = AnonymousUser()
    spend(request, "guest_ticket", mailbox=f"victim+{number}@example.com")


def passed(outcomes: list[object]) -> int:
    assert {type(outcome) for outcome in outcomes} <= {type(None), LimitReached}, outcomes
    return outcomes.count(None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_forty_at_once_pass_exactly_the_limit_on_postgres(together: Together) -> None:
    assert passed(together(*[partial(ask, number) for number in range(AT_ONCE)])) == LIMIT


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_forty_guests_at_once_make_exactly_as_many_tickets_to_one_mailbox(
    together: Together, engine: FakeEngine
) -> None:
    def post(number: int) -> int:
        form = {"body": f"Question {number}?", "email": f"victim+{number}@example.com"}
        return Client(REMOTE_ADDR=f"198.51.{number}.7").post("/tickets/new/", form).status_code

    outcomes = together(*[partial(post, number) for number in range(AT_ONCE)])
    assert (outcomes.count(302), outcomes.count(429)) == (LIMIT, AT_ONCE - LIMIT)
    assert Ticket.objects.count() == LIMIT


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_forty_at_once_pass_exactly_the_limit_over_redis(together: Together, settings) -> None:
    settings.REDIS_URL = os.environ["TEST_REDIS_URL"]
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    spending._script.cache_clear()
    assert passed(together(*[partial(ask, number) for number in range(AT_ONCE)])) == LIMIT
    assert not Allowance.objects.exists()
    with pytest.raises(LimitReached) as refusal:
        ask(1)
    assert 300 <= refusal.value.wait <= 360


def write(number: int) -> None:
    claimed.count(f"v.ictim+{number}@gmail.com")


PROGRAM = """
import django, threading
django.setup()
from tests.services.test_limits_at_once import AT_ONCE, ask, write
from accounts.limits.spending import LimitReached
from tickets.mail.claimed import Spent
from django.db import connections
start, outcomes, mailed = threading.Barrier(AT_ONCE), [], []
def run(number):
    start.wait()
    try:
        ask(number)
        outcomes.append("passed")
    except LimitReached:
        outcomes.append("refused")
    except Exception as error:
        outcomes.append(repr(error))
    start.wait()
    try:
        write(number)
        mailed.append(number)
    except Spent:
        pass
    except Exception as error:
        outcomes.append(repr(error))
    finally:
        connections.close_all()
threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print({outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))} | {"mailed": len(mailed)})
"""


def test_forty_at_once_pass_exactly_the_limit_on_sqlite(installation: Installation) -> None:
    ended = installation.run("-c", PROGRAM)
    assert ended.stdout.strip() == str({"passed": LIMIT, "refused": AT_ONCE - LIMIT, "mailed": 3}), (
        ended.stderr
    )
