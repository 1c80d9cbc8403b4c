"""People, clients and a fake engine. A view test gets ``web(person)``, an API test ``api(person)``."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model, QuerySet
from django.test import Client, TestCase, TransactionTestCase
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from helpdesk import pulse
from tests import migrated
from tests.installation import Installation
from tickets.background import jobs
from tickets.background.lanes import LANES
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Job, Ticket
from tickets.search.models import Backfill
from tickets.service.models import Calendar, Opening, Target
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.types import Assessment, IntentPolicy
from triage.models import Answer, Intent, PolicyRevision
from triage.oversight import trail
from triage.running import pipeline
from triage.running.runtime import Assessed, Snapshot

# No verdict may depend on how busy the machine is. A run of CI draws the same cases each time, so that it judges the
# change alone; at a desk new ones are drawn.
hypothesis.settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("house")

_flush = BaseDatabaseOperations.execute_sql_flush


#: The rows that migrations make, as the test database has them at first.
FIRST_ROWS: dict[type[Model], list[Model]] = {Calendar: [], Opening: [], Target: [], Backfill: []}


def flush_without_triggers(operations: BaseDatabaseOperations, sql_list: list[str]) -> None:
    """Between tests that commit the tables are emptied, which the trail would refuse. What a migration made returns."""
    trail.unprotect()
    _flush(operations, sql_list)
    trail.protect()
    for model, rows in FIRST_ROWS.items():
        model._base_manager.bulk_create(rows)  # without signals: nobody has changed anything


BaseDatabaseOperations.execute_sql_flush = flush_without_triggers  # type: ignore[method-assign]

migrated.start_from_the_kept_one()

PASSWORD = "a-long-enough-Passw0rd"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Remember what migrations made, so that it is there in every test and not until the first one that commits."""
    with django_db_blocker.unblock():
        migrated.keep_the_test_database()
        for model in FIRST_ROWS:
            FIRST_ROWS[model] = list(model._base_manager.all())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="leave out the tests that open no database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "installation" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.process)
    if "prove" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("prove")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    if config.getoption("--database-only"):
        apart = [item for item in items if not opens_database(item)]
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if opens_database(item)]


def opens_database(item: pytest.Item) -> bool:
    """Whether the test may use the test database. pytest-django refuses it to every other."""
    markers = {marker.name for marker in item.iter_markers()}
    if markers & {"django_db", "process", "postgres", "broker", "browser"}:
        return True
    if isinstance(item, pytest.Function) and item.cls and issubclass(item.cls, TransactionTestCase):
        return True
    fixtures = getattr(item, "fixturenames", ())
    return any(name in fixtures for name in ("db", "transactional_db", "django_db_reset_sequences"))


def person(email: str, role: Role, name: str) -> User:
    return User.objects.create_user(email, PASSWORD, role=role, name=name)


@pytest.fixture
def requester(db: None) -> User:
    return person("rita@example.com", Role.REQUESTER, "Rita Requester")


@pytest.fixture
def stranger(db: None) -> User:
    """Another requester, who must never see Rita's tickets."""
    return person("steve@example.com", Role.REQUESTER, "Steve Stranger")


@pytest.fixture
def agent(db: None) -> User:
    return person("anna@example.com", Role.AGENT, "Anna Agent")


@pytest.fixture
def other_agent(db: None) -> User:
    return person("otto@example.com", Role.AGENT, "Otto Other")


@pytest.fixture
def supervisor(db: None) -> User:
    return person("sue@example.com", Role.SUPERVISOR, "Sue Supervisor")


class CommittingClient(Client):
    """Runs what waits for the commit after each request, as a real server would."""

    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return super().request(**request)


class CommittingAPIClient(APIClient):
    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return super().request(**request)


@pytest.fixture
def web() -> Callable[..., Client]:
    """``web()`` is a guest's browser, ``web(user)`` a logged-in one."""

    def open_browser(user: User | None = None) -> Client:
        client = CommittingClient()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return open_browser


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """``api()`` calls without a token, ``api(user)`` as that person."""

    def open_client(user: User | None = None) -> APIClient:
        client = CommittingAPIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return open_client


@dataclass
class FakeEngine:
    """Says what the test tells it to; raises ``error`` if one is set."""

    assessment: Assessment = field(default_factory=lambda: Assessment(intent=None, confidence=0.0))
    policies: dict[str, IntentPolicy] = field(default_factory=dict)
    error: Exception | None = None
    during: Callable[[], None] | None = None  # what happens elsewhere, once, while the engine thinks
    read: list[str] = field(default_factory=list)

    def says(self, intent: str | None, confidence: float, **facts: Any) -> None:
        facts = {"margin": confidence, **facts}
        self.assessment = Assessment(intent=intent, confidence=confidence, **facts)

    def assess(self, subject: str, body: str) -> Assessed:
        self.read.append(body)
        said = Assessed(self.assessment, self.snapshot(), latency_ms=1.0)
        during, self.during = self.during, None
        if during is not None:
            during()
        if self.error is not None:
            raise self.error
        return said

    def snapshot(self) -> Snapshot:
        policies = self.policies or {
            slug: IntentPolicy() for slug in Intent.objects.values_list("slug", flat=True)
        }
        revision = PolicyRevision.current()
        rules = RuleBook([], [])
        return Snapshot(revision, None, Engine(rules), policies, rules_fingerprint=rules.fingerprint)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr(pipeline, "runtime", fake)
    return fake


@pytest.fixture
def while_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Model], Callable[[], object]], None]:
    """``while_waiting(model, change)``: ``change`` is made elsewhere, once, while a row of ``model`` is being locked."""

    def expect(model: type[Model], change: Callable[[], object]) -> None:
        real, left = QuerySet.select_for_update, [change]

        def lock(rows: Any, *args: Any, **options: Any) -> Any:
            if rows.model is model and left:
                left.pop()()
            return real(rows, *args, **options)

        monkeypatch.setattr(QuerySet, "select_for_update", lock)

    return expect


@pytest.fixture
def refund_intent(db: None) -> Intent:
    """An automated intent with an approved answer."""
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
    Answer.objects.create(intent=intent, body="Hello {requester_name}, refunds take five days.").approve(None)
    return intent


@pytest.fixture
def submit() -> Callable[..., Ticket]:
    """Submit a ticket and let triage do its work after the commit."""

    def send(**facts: Any) -> Ticket:
        facts = {"subject": "Where is my refund?", "body": "I sent the shoes back last week.", **facts}
        if facts.get("requester") is None:
            facts.setdefault("guest_email", "guest@example.com")
        with TestCase.captureOnCommitCallbacks(execute=True):
            ticket = submit_ticket(Submission(**facts))
        ticket.refresh_from_db()
        return ticket

    return send


@pytest.fixture
def time_is_up(db: None) -> Callable[[], None]:
    """Have the worker do what is held until later."""

    def run() -> None:
        Job.objects.filter(finished_at=None).update(run_at=timezone.now())
        jobs.run_due()

    return run


@pytest.fixture(autouse=True)
def mail_goes_through_the_outbox(settings: Any) -> None:
    """Django's test runner swaps the mail backend; ours is part of what is tested."""
    settings.EMAIL_BACKEND = "tickets.mail.outbox.OutboxBackend"


@pytest.fixture(autouse=True)
def rested_lanes() -> None:
    """A lane that rested in one test works in the next."""
    for lane in LANES.values():
        lane.is_well()


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
    pulse.let_go()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of the current shape, to be copied."""
    first = Installation(tmp_path_factory.mktemp("migrated"))
    first.migrate()
    with closing(sqlite3.connect(first.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return first.database


@pytest.fixture
def installation(tmp_path: Path, migrated_database: Path) -> Installation:
    """A migrated, empty helpdesk in a folder of its own, for tests of whole processes."""
    new = Installation(tmp_path / "var")
    new.folder.mkdir()
    shutil.copy(migrated_database, new.database)
    return new
