"""Every number opens its tickets, and what is exported is no formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.instruments.tickets_behind import line, safe
from triage.models import Intent

Web = Callable[..., Client]


@pytest.fixture
def refuted(submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent) -> Ticket:
    engine.says(refund_intent.slug, 0.97)
    submit(guest_email="one@example.com")
    ticket = submit(guest_email="two@example.com", subject="=1+1 never came")
    ticket.record_feedback(solved=False, rating=1)
    return ticket


def test_the_links_of_the_page_open_as_many_tickets_as_they_say(
    web: Web, supervisor: User, refuted: Ticket, agent: User
) -> None:
    refuted.refresh_from_db()
    refuted.reply("Sorry, here it is.", author=agent)
    client = web(supervisor)
    content = client.get(reverse("triage-metrics")).content.decode()
    links = re.findall(r'href="(/admin/metrics/tickets/\?[^"]+)">(\d+)</a>', content)
    assert len(links) >= 12
    for address, number in links:
        shown = client.get(address.replace("&amp;", "&")).context["shown"]
        assert shown.paginator.count == int(number), address


def test_only_supervisors_open_or_take_them_away(web: Web, agent: User, supervisor: User) -> None:
    for name in ("triage-behind", "triage-behind-csv", "triage-metrics-csv"):
        address = f"{reverse(name)}?figure=created"
        assert web(agent).get(address).status_code == 403
        assert web(supervisor).get(address).status_code == 200
    assert web(supervisor).get(f"{reverse('triage-behind')}?figure=nonsense").status_code == 404


def test_a_figure_and_its_tickets_come_as_csv(web: Web, supervisor: User, refuted: Ticket) -> None:
    client = web(supervisor)
    address = f"{reverse('triage-behind-csv')}?figure=machine&begins=1&value=refuted"
    text = b"".join(client.get(address).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["ticket"] for row in rows] == [refuted.reference]
    text = b"".join(client.get(reverse("triage-metrics-csv")).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    made = [row for row in rows if (row["of"], row["figure"]) == ("the house", "created")]
    assert [row["tickets"] for row in made] == ["2"]
    assert all(row["definition"] for row in rows)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_calculates_nothing(cell: str) -> None:
    assert str(safe(cell)).startswith("'")
    assert next(csv.reader([line([cell, 3])]))[1] == "3"


def test_a_number_and_a_plain_word_stay_as_they_are() -> None:
    assert (safe(-3), safe("refund")) == (-3, "refund")


@pytest.mark.parametrize(
    ("asked", "days"),
    [("from=2026-01-01&to=2026-01-31", 31), ("from=2026-02-01&to=2026-01-01", 30), ("from=x", 30), ("to=2026-01-01", 30)],
)  # fmt: skip
def test_any_span_of_days_can_be_asked_for(web: Web, supervisor: User, asked: str, days: int) -> None:
    page = web(supervisor).get(f"{reverse('triage-metrics')}?{asked}")
    assert page.context["span"].days == days
    assert ("Give two dates" in page.content.decode()) is (days == 30)


def test_a_span_that_ended_leaves_out_what_came_after(web: Web, supervisor: User, refuted: Ticket) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    address = f"{reverse('triage-metrics')}?from=2026-01-01&to={yesterday.isoformat()}"
    assert web(supervisor).get(address).context["metrics"].created == 0
