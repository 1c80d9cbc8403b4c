"""Limits that hold also when everything comes at once.

Each limit is a leaky bucket told by one number, the moment until which it is used up (the "generic cell rate
algorithm" of ATM Forum TM 4.0): ``20/min`` lets 20 through at once and from then on one every 3 s. Looking and
counting is one statement, in the database, or in Redis where REDIS_URL is set; a Redis that does not answer is
replaced by the database, and a database that does not answer stops the request by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext

from accounts.client_address import client_address, network_of, source_of
from accounts.limits.models import Allowance
from accounts.mailboxes import mailbox_of

logger = logging.getLogger(__name__)

SECOND: Final = 1_000_000  # microseconds, in which all moments and costs are told
#: Requests at the same moment look at the clock one after the other, and are not counted in that order.
CLOCKS_APART: Final = 50_000
REDIS_SECONDS: Final = 0.25  # for one look; after that the database counts
SWEPT_AT_ONCE: Final = 5_000

COUNT: Final = """
INSERT INTO limits_allowance (key, used_until) VALUES (%(key)s, %(now)s + %(cost)s)
ON CONFLICT (key) DO UPDATE SET used_until =
    CASE WHEN limits_allowance.used_until > %(now)s THEN limits_allowance.used_until ELSE %(now)s END + %(cost)s
WHERE CASE WHEN limits_allowance.used_until > %(now)s THEN limits_allowance.used_until ELSE %(now)s END + %(cost)s
    <= %(now)s + %(window)s
RETURNING used_until
"""
#: The same for all keys at once: nothing is counted unless every limit has room. Returns the wait, 0 for none,
#: and until when each is used up.
COUNT_IN_REDIS: Final = """
local now, longest, after = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
    local cost, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    after[i] = math.max(tonumber(redis.call('GET', key) or now), now) + cost
    longest = math.max(longest, after[i] - now - window)
end
if longest > 0 then return {longest} end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000) + 1000)
end
return {0, unpack(after)}
"""


class LimitReached(Exception):
    """So much is not let through in so short a time. ``wait`` in whole seconds says when to try again."""

    code = "too_many"

    def __init__(self, operation: str, wait: int) -> None:
        self.operation, self.wait = operation, wait
        super().__init__(
            gettext("You’ve done this a lot in a short time. Please try again in %(wait)s.")
            % {"wait": in_words(wait)}
        )


@dataclass(frozen=True)
class Charge:
    """What one request costs of one limit."""

    key: str
    cost: int  # microseconds
    window: int  # microseconds
    quota: int = 0  # how many in the window

    def standing(self, used_until: int, now: int) -> Standing:
        """What is left of the limit, where it is used up until then."""
        whole = self.window - CLOCKS_APART
        left = max(0, now + whole - used_until) * self.quota // whole
        reset = max(0, math.ceil((used_until - now) / SECOND))
        operation, kind, _ = self.key.split(":")
        return Standing(f"{operation}-{kind}", self.quota, whole // SECOND, min(left, self.quota), reset)


@dataclass(frozen=True)
class Standing:
    """One limit as it stands: ``quota`` in ``window`` seconds, ``left`` of them, all of them in ``reset`` seconds."""

    name: str
    quota: int
    window: int
    left: int
    reset: int


def spend(
    request: HttpRequest, operation: str, *, mailbox: str = "", person: Any = None, cost: int = 1
) -> None:
    """Count ``cost`` against every limit of ``operation`` that this request falls under, all or none.

    LimitReached where one of them has no room. A person who is logged in is counted as such; everybody else by
    address and network. ``mailbox`` is the address that mail would go to, if there is one.
    """
    subjects = {"mailbox": mailbox_of(mailbox)} if mailbox else {}
    who = person or getattr(request, "user", None)
    if who is not None and who.is_authenticated:
        subjects["person"] = str(who.pk)
    else:
        address = client_address(request)
        subjects |= {"address": source_of(address), "network": network_of(address)}
    charges, now = _charges(operation, subjects, cost), time.time_ns() // 1000
    wait, used = _count(charges, now)
    known: list[Standing] = getattr(request, "limits_told", [])
    told = [charge.standing(until, now) for charge, until in zip(charges, used, strict=False)]
    request.limits_told = [*known, *told]  # type: ignore[attr-defined]
    if wait > 0:
        refused = [
            Standing(f"{operation}-{kind}", *_rate(operation, kind), 0, max(1, math.ceil(wait / SECOND)))
            for kind in subjects
        ]
        request.limits_told = [*known, *(one for one in refused if one.quota)]  # type: ignore[attr-defined]
        raise LimitReached(operation, max(1, math.ceil(wait / SECOND)))


def take_row(operation: str, mailbox: str) -> bool:
    """Count one mail to ``mailbox`` against ``operation``; False, and nothing is counted, where there is no room.

    Always in the database, so that it holds exactly if the caller's transaction does.
    """
    wait, _ = _count_in_database(
        _charges(operation, {"mailbox": mailbox_of(mailbox)}, 1), time.time_ns() // 1000
    )
    return wait == 0


def row_of(operation: str, mailbox: str) -> str:
    """The key of the row that :func:`take_row` counts in; empty where nothing is limited."""
    charges = _charges(operation, {"mailbox": mailbox_of(mailbox)}, 1)
    return charges[0].key if charges else ""


def is_spent(operation: str, used_until: int | None) -> bool:
    """Whether a row that is used up until then has no room for one mail more; None: there is no such row."""
    charges = _charges(operation, {"mailbox": ""}, 1)
    if used_until is None or not charges:
        return False
    now = time.time_ns() // 1000
    return max(used_until, now) + charges[0].cost > now + charges[0].window


def _rate(operation: str, kind: str) -> tuple[int, int]:
    rates: Mapping[str, tuple[int, int]] = settings.LIMITS[operation]
    return rates.get(kind, (0, 0))


def _charges(operation: str, subjects: Mapping[str, str], cost: int) -> list[Charge]:
    found = []
    for kind, value in subjects.items():
        amount, seconds = _rate(operation, kind)
        if amount:
            window = seconds * SECOND
            key = f"{operation}:{kind}:{_hashed(value)}"
            found.append(Charge(key, cost * window // amount, window + CLOCKS_APART, amount))
    return sorted(found, key=lambda charge: charge.key)  # rows are always locked in the same order


def _hashed(value: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), value.encode(), hashlib.sha256).hexdigest()[:32]


def _count(charges: list[Charge], now: int) -> tuple[int, list[int]]:
    """Microseconds to wait, 0 where all had room and are counted; and until when each is used up then."""
    if not charges:
        return 0, []
    if any(charge.cost > charge.window for charge in charges):
        return max(charge.window for charge in charges), []  # more than ever fits
    if settings.REDIS_URL:
        try:
            return _count_in_redis(charges, now)
        except redis.RedisError as error:
            logger.warning("Redis does not count (%s): the database does", type(error).__name__)
    return _count_in_database(charges, now)


def _count_in_database(charges: list[Charge], now: int) -> tuple[int, list[int]]:
    used = []
    try:
        # One statement is a transaction by itself.
        together = transaction.atomic() if len(charges) > 1 else nullcontext()
        with together, connection.cursor() as cursor:
            for charge in charges:
                facts: dict[str, str | int] = {
                    "key": charge.key,
                    "now": now,
                    "cost": charge.cost,
                    "window": charge.window,
                }
                cursor.execute(COUNT, facts)
                rows = cursor.fetchall()
                if not rows:
                    raise _NoRoom(charge)
                used.append(rows[0][0])
    except _NoRoom as full:
        until = (
            Allowance.objects.filter(pk=full.charge.key).values_list("used_until", flat=True).first() or now
        )
        return max(SECOND, until + full.charge.cost - full.charge.window - now), []
    return 0, used


class _NoRoom(Exception):
    def __init__(self, charge: Charge) -> None:
        self.charge = charge


def _count_in_redis(charges: list[Charge], now: int) -> tuple[int, list[int]]:
    numbers = [number for charge in charges for number in (charge.cost, charge.window)]
    keys = [f"limit:{charge.key}" for charge in charges]
    wait, *used = (int(number) for number in _script()(keys=keys, args=[now, *numbers]))
    return wait, used


@cache
def _script() -> Any:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    )
    return client.register_script(COUNT_IN_REDIS)


def forget_unused() -> None:
    """Delete what no longer limits anybody."""
    now = time.time_ns() // 1000
    old = Allowance.objects.filter(used_until__lt=now).order_by("used_until").values("pk")[:SWEPT_AT_ONCE]
    Allowance.objects.filter(pk__in=list(old.values_list("pk", flat=True)), used_until__lt=now).delete()


def in_words(seconds: int) -> str:
    """``seconds`` as people say it, never too short."""
    if seconds > 3600 * 1.5:
        number = math.ceil(seconds / 3600)
        return ngettext("%(number)d hour", "%(number)d hours", number) % {"number": number}
    if seconds > 60 * 1.5:
        number = math.ceil(seconds / 60)
        return ngettext("%(number)d minute", "%(number)d minutes", number) % {"number": number}
    return ngettext("%(number)d second", "%(number)d seconds", seconds) % {"number": seconds}
