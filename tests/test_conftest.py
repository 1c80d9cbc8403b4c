"""CI repeats on PostgreSQL only the tests that open a database: which these are must be told rightly."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import SimpleTestCase, TestCase

from accounts.models import User
from tests.conftest import opens_database
from tickets.service.models import Calendar, Target


def test_a_test_without_a_database_is_left_out(request: pytest.FixtureRequest) -> None:
    assert not opens_database(request.node)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.ensure_connection()


@pytest.mark.django_db
def test_a_marked_test_is_kept(request: pytest.FixtureRequest) -> None:
    assert opens_database(request.node)


def test_a_test_with_people_is_kept(request: pytest.FixtureRequest, agent: User) -> None:
    assert opens_database(request.node)


class TestWithDatabase(TestCase):
    @pytest.fixture(autouse=True)
    def keep(self, request: pytest.FixtureRequest) -> None:
        self.kept = opens_database(request.node)

    def test_a_case_of_django_is_kept(self) -> None:
        assert self.kept


class TestWithoutDatabase(SimpleTestCase):
    @pytest.fixture(autouse=True)
    def keep(self, request: pytest.FixtureRequest) -> None:
        self.kept = opens_database(request.node)

    def test_a_simple_case_of_django_is_left_out(self) -> None:
        assert not self.kept


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_what_migrations_made_is_there_after_a_test_that_committed(turn: int) -> None:
    assert Target.objects.count() == 3
    assert Calendar.objects.get(is_default=True).openings.count() == 5
    Target.objects.all().delete()
