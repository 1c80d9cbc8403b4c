"""What comes in is counted by day, compared, shown, and told once."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Ticket
from triage.admin.oversight.home import needs
from triage.models import Decision, Intent
from triage.oversight import drift, incoming, ladder
from triage.oversight.drift import Baseline, DriftWarning
from triage.oversight.incoming import Incoming, Kind

Web = Callable[..., Client]
LANGUAGES = ("en", "de")


def keep(day: date, shares: dict[Kind, dict[str, float]], *, tickets: int = 60) -> None:
    """Counts of a day as the worker would have made them."""
    luck = np.random.default_rng(day.toordinal())
    rows = [Incoming(day=day, kind=Incoming.DAY, n=tickets)]
    for kind, parts in shares.items():
        counts = luck.multinomial(tickets, list(parts.values()))
        rows += [
            Incoming(day=day, kind=kind, value=value, n=int(n))
            for value, n in zip(parts, counts, strict=True)
            if n
        ]
    Incoming.objects.bulk_create(rows)


def history(days: int = 35, *, german: float = 0.05, lately: float | None = None, tickets: int = 60) -> None:
    """Finished days until yesterday, of which the last seven may be different."""
    last = incoming.last_finished_day()
    for at in range(days):
        share = lately if lately is not None and at >= days - 7 else german
        shares = {
            Kind.LANGUAGE: {"en": 1 - share, "de": share},
            Kind.SCOPE: {"known": 0.8, "unknown": 0.2},
        }
        keep(last - timedelta(days=days - 1 - at), shares, tickets=tickets)
    Baseline.objects.create(first=last - timedelta(days=days - 1))


# --- counting --------------------------------------------------------------------------------------------


@pytest.fixture
def yesterday(engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]) -> date:
    """Three tickets that were decided on the last finished day, and one in quarantine."""
    last = incoming.last_finished_day()
    engine.says("track_refund", 0.99)
    submit(body="Where is my refund?")
    submit(body="Wo bleibt meine Erstattung? " * 30)
    engine.says(None, 0.2)
    submit(body="What is the meaning of it all?")
    spam = submit(body="Buy now")
    Ticket.objects.filter(pk=spam.pk).update(quarantined_at=timezone.now())
    Decision.objects.update(created_at=incoming._midnight(last) + timedelta(hours=12))
    return last


def counts(kind: str) -> dict[str, int]:
    return dict(Incoming.objects.filter(kind=kind).values_list("value", "n"))


def test_a_finished_day_is_counted_once_from_its_decisions(yesterday: date) -> None:
    Decision.objects.filter(ticket__messages__body__startswith="Wo").update(language="de-AT")
    drift.sweep()
    drift.sweep()
    assert counts(Incoming.DAY) == {"": 3}
    assert counts(Kind.LANGUAGE) == {"en": 2, "de": 1}
    assert counts(Kind.LENGTH) == {"50": 2, "1500": 1}
    assert counts(Kind.SCOPE) == {"known": 2, "unknown": 1}
    assert counts(Kind.INTENT) == {"track_refund": 2, "": 1}
    assert Baseline.objects.get().first == yesterday


@pytest.mark.django_db
def test_days_on_which_nothing_came_are_counted_too_a_few_at_a_time() -> None:
    last = incoming.last_finished_day()
    Incoming.objects.create(day=last - timedelta(days=20), kind=Incoming.DAY, n=0)
    assert incoming.count_finished_days()
    assert Incoming.objects.count() == 1 + incoming.AT_ONCE
    while incoming.count_finished_days():
        pass
    assert incoming.newest_day() == last
    assert Incoming.objects.count() == 21


def test_a_sweep_with_nothing_to_count_asks_once(yesterday: date) -> None:
    drift.sweep()
    with CaptureQueriesContext(connection) as queries:
        drift.sweep()
    assert len(queries) == 1


# --- looking ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_change_is_told_once_and_goes_when_it_is_over(supervisor: User, second_supervisor: User) -> None:
    history(lately=0.4)
    assert [kept.kind for kept in drift.look()] == [Kind.LANGUAGE]
    assert drift.look() == []
    jobs.run_due()
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted(
        [supervisor.email, second_supervisor.email]
    )
    assert "- Languages" in mail.outbox[0].body
    assert reverse("oversight-drift") in mail.outbox[0].body
    Incoming.objects.filter(day__gt=incoming.last_finished_day() - timedelta(days=7), value="de").delete()
    Incoming.objects.filter(day__gt=incoming.last_finished_day() - timedelta(days=7), value="en").update(n=57)
    for at in range(7):
        Incoming.objects.create(
            day=incoming.last_finished_day() - timedelta(days=at), kind=Kind.LANGUAGE, value="de", n=3
        )
    drift.look()
    assert not DriftWarning.objects.get().ongoing


@pytest.mark.django_db
def test_what_comes_back_on_the_same_day_is_not_told_again(supervisor: User) -> None:
    history(lately=0.4)
    drift.look()
    DriftWarning.objects.update(ongoing=False)
    assert drift.look() == []
    assert DriftWarning.objects.get().ongoing
    DriftWarning.objects.update(ongoing=False, told_on=timezone.localdate() - timedelta(days=1))
    assert len(drift.look()) == 1


@pytest.mark.django_db
def test_nothing_is_said_where_nothing_changed_or_too_little_is_known(supervisor: User) -> None:
    assert drift.stream().latest is None
    assert drift.look() == []
    history()
    assert drift.look() == []
    found = drift.stream()
    assert found.reference is not None
    assert found.latest is not None
    assert (found.reference.days, found.latest.days) == (28, 7)
    assert [kept.comparison is not None for kept in found.kinds] == [True, False, True, False]


@pytest.mark.django_db
def test_a_small_house_is_looked_at_over_more_weeks() -> None:
    history(days=60, tickets=5)
    latest = drift.stream().latest
    assert latest is not None
    assert latest.days == 28


@pytest.mark.django_db
def test_a_supervisor_takes_it_as_the_new_reference(supervisor: User) -> None:
    history(lately=0.4)
    drift.look()
    with pytest.raises(ladder.Refused, match="in writing"):
        drift.accept(by=supervisor, why=" ")
    drift.accept(by=supervisor, why="We sell in Austria now.")
    assert not DriftWarning.objects.filter(ongoing=True).exists()
    assert drift.stream().latest is None  # two weeks of the new one first
    last = incoming.last_finished_day()
    Baseline.objects.filter(by=supervisor).update(first=last - timedelta(days=20))
    Incoming.objects.filter(day__gt=last - timedelta(days=21)).delete()
    for at in range(21):
        keep(last - timedelta(days=at), {Kind.LANGUAGE: {"en": 0.6, "de": 0.4}})
    assert drift.stream().latest is not None
    assert drift.look() == []


# --- pages and command -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_and_the_first_page_say_what_changed(web: Web, supervisor: User) -> None:
    at = reverse("oversight-drift")
    assert "Nothing to compare yet" in web(supervisor).get(at).content.decode()
    history(lately=0.4)
    drift.look()
    page = web(supervisor).get(at).content.decode()
    assert "What comes in has changed" in page
    assert "“German” went from" in page or "“English” went from" in page
    assert "Too few tickets to compare" in page
    assert [need.text for need in needs()] == ["changes in what comes in"]
    web(supervisor).post(reverse("oversight-drift-accept"), {"why": ""})
    assert DriftWarning.objects.filter(ongoing=True).exists()
    answer = web(supervisor).post(reverse("oversight-drift-accept"), {"why": "Austria"}, follow=True)
    assert "Taken as the new reference" in answer.content.decode()


def said(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("drift", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_tells_and_accepts(supervisor: User, agent: User) -> None:
    assert "Nothing to compare yet: it takes 21 finished days" in said()
    history()
    assert "Languages: as before" in said("status")
    Incoming.objects.all().delete()
    Baseline.objects.all().delete()
    history(lately=0.4)
    with pytest.raises(SystemExit) as ended:
        said()
    assert ended.value.code == 3
    with pytest.raises(CommandError, match="no supervisor"):
        said("accept", "--why", "Austria", "--by", agent.email)
    with pytest.raises(CommandError, match="in writing"):
        said("accept", "--by", supervisor.email)
    assert "begins anew" in said("accept", "--why", "Austria", "--by", supervisor.email)
