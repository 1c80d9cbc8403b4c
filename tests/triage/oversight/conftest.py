"""Decisions as they are after a day's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from tests.conftest import FakeEngine, person
from tickets.models import Ticket
from triage.core.types import IntentPolicy, Mode
from triage.models import Decision, Intent
from triage.oversight.evidence import Audit

ANSWER = "Hello Gus, refunds take five days."


@pytest.fixture
def second_supervisor(db: None) -> User:
    return person("sam@example.com", Role.SUPERVISOR, "Sam Second")


@pytest.fixture
def shadowed(
    engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]
) -> Callable[..., Decision]:
    """A ticket that would have been answered, and waits for a person instead."""

    def make(**facts: Any) -> Decision:
        engine.policies = {"track_refund": IntentPolicy(mode=Mode.SHADOW)}
        engine.says("track_refund", 0.99)
        decision: Decision = submit(guest_name="Gus", **facts).decisions.get()
        return decision

    return make


@pytest.fixture
def answered(
    engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]
) -> Callable[..., Audit]:
    """A ticket that was answered automatically, with its draw."""
    sent = iter(range(10_000))

    def make(**facts: Any) -> Audit:
        engine.policies = {"track_refund": IntentPolicy()}
        engine.says("track_refund", 0.99)
        ticket = submit(guest_name="Gus", guest_email=f"g{next(sent)}@example.com")
        audit = Audit.objects.get(decision__ticket=ticket)
        if facts:
            Audit.objects.filter(pk=audit.pk).update(**facts)
            audit.refresh_from_db()
        return audit

    return make
