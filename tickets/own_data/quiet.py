"""Who has not been heard of for RETENTION_DAYS is erased, as if they had asked for it. Off unless the house sets it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import privacy
from accounts.models import Role, User
from accounts.privacy import ERASED_DOMAIN, Person
from tickets.background import jobs
from tickets.models import Status, Ticket

FORGET: Final = "forget_quiet_people"
AT_ONCE: Final = 50  # people an hour: each is a transaction of its own, and nobody waits for them


def heard_before(days: int) -> datetime:
    """Who has not been heard of since then is quiet."""
    return timezone.now() - timedelta(days=days)


def quiet_addresses(days: int) -> QuerySet[Ticket, str]:
    """Addresses all of whose tickets were closed and untouched for so long, and whose account was not used since."""
    since = heard_before(days)
    lively = Ticket.objects.filter(requester_email=OuterRef("requester_email")).filter(
        Q(updated_at__gte=since) | ~Q(status=Status.CLOSED)
    )
    account = User.objects.filter(email=OuterRef("requester_email"))
    return (
        Ticket.objects.filter(status=Status.CLOSED, updated_at__lt=since)
        .exclude(requester_email__endswith=f"@{ERASED_DOMAIN}")
        .exclude(Exists(lively))
        .exclude(Exists(account.filter(_in_use(since))))
        .order_by("requester_email")
        .values_list("requester_email", flat=True)
        .distinct()
    )


def quiet_accounts(days: int) -> QuerySet[User, str]:
    """Accounts of customers that were not used for so long and have no ticket at all."""
    since = heard_before(days)
    own = Ticket.objects.filter(Q(requester=OuterRef("pk")) | Q(requester_email=OuterRef("email")))
    return (
        User.objects.exclude(_in_use(since))
        .exclude(email__endswith=f"@{ERASED_DOMAIN}")
        .exclude(Exists(own))
        .order_by("email")
        .values_list("email", flat=True)
    )


def _in_use(since: datetime) -> Q:
    """Accounts that stay: of whoever works here, and those that somebody logged in to."""
    works_here = Q(is_superuser=True) | ~Q(role=Role.REQUESTER)
    return works_here | Q(last_login__gte=since) | Q(last_login=None, date_joined__gte=since)


def quiet_people(days: int, most: int) -> list[Person]:
    addresses = [*quiet_addresses(days)[:most], *quiet_accounts(days)[:most]]
    return [privacy.find(address) for address in addresses[:most]]


def forget_quiet_people(_: int) -> None:
    """Erase up to AT_ONCE of them; what lies outside the rows is cleared once, after the last."""
    if not settings.RETENTION_DAYS:
        return
    erased: list[tuple[Person, dict[str, Any]]] = []
    try:
        for person in quiet_people(settings.RETENTION_DAYS, AT_ONCE):
            erased.append((person, privacy.erase_rows(person)))
    finally:  # also of those before one that failed
        privacy.finish_all(erased)


def look_for_quiet_people() -> None:
    """A job an hour, whoever sweeps."""
    if settings.RETENTION_DAYS:
        jobs.enqueue(FORGET, 0, key=f"{timezone.now():%Y-%m-%d-%H}")


jobs.register(FORGET, forget_quiet_people, long=True)
jobs.register_sweep(look_for_quiet_people)
