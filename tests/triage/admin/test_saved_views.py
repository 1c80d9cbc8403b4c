"""Saved views: what they show, whose they are, their counts, and what happens when what they name is gone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tickets.desk.models import SavedView
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket, Urgency
from tickets.tags import tagging
from tickets.tags.models import Tag

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
LISTS = "/admin/tickets/ticket/"


@pytest.fixture
def make(requester: User) -> Callable[..., Ticket]:
    def made(subject: str, **facts: object) -> Ticket:
        ticket = submit_ticket(Submission(subject=subject, body=f"{subject}, please.", requester=requester))
        ticket.escalate("low_confidence")
        return ticket

    return made


def save(client: Client, name: str = "Refunds", **facts: object) -> HttpResponse:
    return client.post("/admin/desk/views/save/", {"name": name, "base": "all", **facts}, follow=True)


def subjects(response: HttpResponse) -> list[str]:
    return re.findall(r'<b dir="auto">([^<]+)</b>', response.content.decode())


def count(response: HttpResponse, title: str) -> str:
    found = re.search(rf">{title} <span class=\"desk-count[^>]*>([^<]+)<", response.content.decode())
    return found[1] if found else "absent"


def test_a_view_keeps_words_filters_order_and_rows(
    web: Web, agent: User, make: Callable[..., Ticket]
) -> None:
    first, second, other = make("Refund one"), make("Refund two"), make("Bridge")
    second.assign(agent, actor=agent)
    other.assign(agent, actor=agent)
    client = web(agent)
    shown = save(client, words="refund", order="oldest", facts=["tags"])
    assert subjects(shown) == ["Refund one", "Refund two"]
    assert count(shown, "Refunds") == "2"
    assert "Nobody ·" not in shown.content.decode() and "Rita Requester</span>" not in shown.content.decode()
    mine = save(client, "My refunds", words="refund", agent="me")
    assert subjects(mine) == ["Refund two"]
    assert count(mine, "My refunds") == "1"
    address = f"{LISTS}?queue=view-{SavedView.objects.get(name='Refunds').pk}"
    assert subjects(client.get(f"{address}&agent=nobody")) == ["Refund one"]  # narrowed for once
    assert subjects(client.get(f"{address}&order=newest")) == ["Refund two", "Refund one"]
    beside = client.get("/admin/desk/beside/", {"queue": address.partition("queue=")[2]}).content.decode()
    assert "Refund one" in beside and "Bridge" not in beside
    assert first.pk


def test_the_same_name_replaces_and_a_refusal_says_why(web: Web, agent: User) -> None:
    client = web(agent)
    save(client, words="refund")
    save(client, " Refunds ", words="bridge")
    assert SavedView.objects.get().words == "bridge"
    assert "is no status" in save(client, "x", words="status:nonsense").content.decode()
    assert "Give the view a name" in save(client, " ").content.decode()
    assert save(client, "x", base="nonsense") and SavedView.objects.count() == 1
    SavedView.objects.bulk_create(
        SavedView(owner=agent, name=f"v{n}", base="all") for n in range(SavedView.MOST)
    )
    assert "are the most" in save(client, "One more").content.decode()


def test_whose_it_is(web: Web, agent: User, other_agent: User, supervisor: User) -> None:
    save(web(agent), "Mine", shared="1")  # an agent's is never everybody's
    save(web(supervisor), "Ours", shared="1")
    mine, ours = SavedView.objects.get(name="Mine"), SavedView.objects.get(name="Ours")
    assert (mine.owner, ours.owner) == (agent, None)
    page = web(other_agent).get(LISTS)
    assert (count(page, "Mine"), count(page, "Ours")) == ("absent", "0")
    foreign = web(other_agent).get(f"{LISTS}?queue=view-{mine.pk}")
    assert "Tickets: My" in foreign.content.decode()
    assert web(other_agent).post(f"/admin/desk/views/{mine.pk}/delete/").status_code == 404
    assert web(other_agent).post(f"/admin/desk/views/{ours.pk}/delete/").status_code == 403
    assert web(agent).post(f"/admin/desk/views/{mine.pk}/delete/").status_code == 302
    assert web(supervisor).post(f"/admin/desk/views/{ours.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_what_it_named_may_be_gone(web: Web, agent: User, make: Callable[..., Ticket]) -> None:
    tagging.put(make("Refund"), ["vip"], by=agent)
    client = web(agent)
    assert subjects(save(client, words="tag:vip")) == ["Refund"]
    save(client, "Of nobody", agent="zebedee")
    Tag.objects.all().delete()
    gone = client.get(f"{LISTS}?queue=view-{SavedView.objects.get(name='Refunds').pk}")
    assert gone.status_code == 200 and "No ticket bears the tag" in gone.content.decode()
    assert (count(gone, "Refunds"), count(gone, "Of nobody")) == ("0", "0")


@pytest.mark.parametrize("order", ["urgent", "newest", "oldest", "moved", "due"])
def test_every_row_is_reached_in_every_order(
    web: Web, agent: User, make: Callable[..., Ticket], order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.desk.queue.ROWS", 2)
    for number in range(5):
        make(f"Q{number}").prioritise(Urgency(number % 3), actor=agent)
    client, address, seen = web(agent), f"?queue=all&order={order}", []
    for _ in range(5):
        page = client.get(LISTS + address)
        seen += subjects(page)
        following = re.search(r'<a class="desk-button" href="([^"]+)" rel="next"', page.content.decode())
        if not following:
            break
        address = following[1].replace("&amp;", "&")
    assert sorted(seen) == ["Q0", "Q1", "Q2", "Q3", "Q4"]
    if order == "urgent":
        assert seen == ["Q2", "Q1", "Q4", "Q0", "Q3"]


def test_the_page_s_queries_do_not_grow_with_tickets_or_views_without_words(
    web: Web, agent: User, make: Callable[..., Ticket]
) -> None:
    client = web(agent)
    save(client, "v0")
    make("Q")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(f"{LISTS}?queue=all")
        return len(seen)

    before = queries()
    for number in range(3):
        make("Q")
        save(client, f"w{number}", reason="low_confidence", order="oldest")
    assert queries() <= before
