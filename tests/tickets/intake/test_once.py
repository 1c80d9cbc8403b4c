"""One wish, one ticket: the form's token and the program's key go one way."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.db import IntegrityError

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.intake import once
from tickets.intake.once import caller_key, page_key, submit_once
from tickets.intake.submit import Submission
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
WISH = Submission(subject="Refund", body="Where is it?", guest_email="gus@example.com")
TOKEN = uuid.UUID(int=7)


def keys(user: User) -> list[str]:
    return [page_key(TOKEN, "gus@example.com", "Refund", "Where is it?"), str(caller_key(user, "a1"))]


def test_a_named_wish_is_one_ticket_whichever_way_it_came(requester: User, engine: FakeEngine) -> None:
    for key in keys(requester):
        first, again = (submit_once(replace(WISH, external_id=key)) for _ in range(2))
        assert (first[0], first[1], again[1]) == (again[0], True, False)
    assert Ticket.objects.count() == 2


def test_names_of_the_two_ways_and_of_two_callers_never_meet(requester: User, stranger: User) -> None:
    assert len({*keys(requester), *keys(stranger)}) == 3


def test_the_names_are_those_of_the_first_release(requester: User) -> None:
    """A form that was open, or a program that tries again, during the upgrade still finds its ticket."""
    assert page_key(TOKEN, "gus@example.com", "Refund", "Where is it?") == (
        "web:" + str(uuid.uuid5(TOKEN, "gus@example.com\nRefund\nWhere is it?"))
    )
    assert caller_key(requester, "a1") == f"api:{requester.pk}:a1"


def test_without_a_name_every_wish_is_new(requester: User, engine: FakeEngine) -> None:
    assert caller_key(requester, "") is None
    assert page_key(None, "a", "b", "c") != page_key(None, "a", "b", "c")
    assert [submit_once(WISH)[1] for _ in range(2)] == [True, True]


def test_a_twin_that_comes_first_at_the_same_moment_is_found(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = replace(WISH, external_id="api:1:a1")
    submit = once.submit_ticket

    def beaten(wish: Submission) -> Ticket:
        submit(wish)
        raise IntegrityError

    monkeypatch.setattr(once, "submit_ticket", beaten)
    ticket, is_new = submit_once(named)
    assert (ticket.external_id, is_new) == ("api:1:a1", False)


def test_another_fault_of_the_database_is_not_taken_for_a_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wish: Submission) -> Ticket:
        raise IntegrityError

    monkeypatch.setattr(once, "submit_ticket", broken)
    with pytest.raises(IntegrityError):
        submit_once(replace(WISH, external_id="api:1:a1"))
