"""So much is let through and no more, and everybody has a budget of their own."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts.limits import spending
from accounts.limits.models import Allowance
from accounts.limits.spending import LimitReached, in_words, spend
from helpdesk import env

pytestmark = pytest.mark.django_db


def request(address: str = "198.51.100.7", user=None):
    made = RequestFactory().post("/", REMOTE_ADDR=address)
    made.user = user or AnonymousUser()
    return made


@pytest.fixture(autouse=True)
def three_an_hour(settings):
    settings.LIMITS = {
        "wish": {"address": (3, 3600), "network": (5, 3600), "mailbox": (2, 3600), "person": (4, 3600)}
    }


def passed(times: int, *args, **kwargs) -> int:
    count = 0
    for _ in range(times):
        try:
            spend(*args, **kwargs)
            count += 1
        except LimitReached:
            pass
    return count


def test_the_limit_passes_and_no_more():
    assert passed(10, request(), "wish") == 3


def test_a_refusal_says_when_there_is_room_again():
    passed(3, request(), "wish")
    with pytest.raises(LimitReached, match="try again in 20 minutes") as refusal:
        spend(request(), "wish")
    assert 1195 <= refusal.value.wait <= 1200


def test_room_comes_back_evenly(monkeypatch):
    passed(3, request(), "wish")
    later = time.time_ns() + 1201 * 10**9
    monkeypatch.setattr(spending.time, "time_ns", lambda: later)
    assert passed(3, request(), "wish") == 1


def test_addresses_of_one_network_share_a_second_limit():
    assert [passed(3, request(f"198.51.100.{n}"), "wish") for n in range(3)] == [3, 2, 0]
    assert passed(3, request("192.0.2.1"), "wish") == 3


def test_a_mailbox_has_a_limit_wherever_it_is_written_from():
    spellings = ["gus@example.com", "Gus+1@example.com", "gus+2@EXAMPLE.com"]
    assert [passed(1, request(f"192.0.{n}.1"), "wish", mailbox=m) for n, m in enumerate(spellings)] == [
        1,
        1,
        0,
    ]


def test_what_is_refused_costs_nothing_elsewhere():
    """Else somebody who may send no more could still use up a stranger's mailbox."""
    passed(3, request(), "wish")
    assert passed(5, request(), "wish", mailbox="victim@example.com") == 0
    assert passed(2, request("192.0.2.1"), "wish", mailbox="victim@example.com") == 2


def test_who_is_logged_in_is_counted_as_a_person_not_by_address(requester, stranger):
    assert passed(9, request(user=requester), "wish") == 4
    assert passed(9, request(user=stranger), "wish") == 4
    assert passed(9, request(), "wish") == 3


def test_a_cost_above_the_whole_limit_is_refused_and_counts_nothing():
    with pytest.raises(LimitReached):
        spend(request(), "wish", cost=4)
    assert passed(9, request(), "wish") == 3


def test_the_table_tells_no_addresses_and_is_swept(monkeypatch):
    spend(request(), "wish", mailbox="victim@example.com")
    kept = " ".join(Allowance.objects.values_list("key", flat=True))
    assert "198.51" not in kept and "victim" not in kept
    spending.forget_unused()
    assert Allowance.objects.count() == 3
    later = time.time_ns() + 7200 * 10**9
    monkeypatch.setattr(spending.time, "time_ns", lambda: later)
    spending.forget_unused()
    assert not Allowance.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (59, "59 seconds"), (91, "2 minutes"), (7201, "3 hours")]
)
def test_waits_are_told_as_people_say_them(seconds, words):
    assert in_words(seconds) == words


def test_an_unreachable_redis_leaves_counting_to_the_database(settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    spending._script.cache_clear()
    assert passed(5, request(), "wish") == 3
    assert Allowance.objects.exists()
    spending._script.cache_clear()


def test_a_limit_is_told_by_kind_and_keeps_what_is_not_named(monkeypatch):
    monkeypatch.setenv("THROTTLE_X", "40/min, network off")
    assert env.limits("THROTTLE_X", address="20/min", network="9/hour", mailbox="1MB/day") == {
        "address": (40, 60), "network": (0, 0), "mailbox": (1024**2, 86_400),
    }  # fmt: skip
