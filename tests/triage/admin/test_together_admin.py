"""Merging, splitting and linking at the desk: previews, refusals, and what the pages say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Status, Ticket

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]


@pytest.fixture
def make(requester: User) -> Callable[..., Ticket]:
    def made(subject: str, owner: User = requester) -> Ticket:
        ticket = submit_ticket(Submission(subject=subject, body=f"{subject}, please.", requester=owner))
        ticket.escalate("low_confidence")
        return ticket

    return made


def page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def test_merging_is_looked_at_first(
    web: Web, agent: User, stranger: User, make: Callable[..., Ticket]
) -> None:
    one, other, foreign = make("Refund"), make("Refund again"), make("Bridge", stranger)
    address = f"/admin/desk/{one.pk}/merge/"
    first = web(agent).get(address).content.decode()
    assert other.reference in first and foreign.reference not in first
    preview = web(agent).get(address, {"into": other.reference.lower()}).content.decode()
    assert "Rita Requester is told by mail" in preview and "1 message with its files" in preview
    assert Ticket.objects.get(pk=one.pk).merged_into is None
    done = web(agent).post(address, {"into": other.reference})
    assert (done.status_code, done["Location"]) == (302, page(other))
    shown = web(agent).get(page(other)).content.decode()
    assert f"from {one.reference}" in shown and "Refund, please." in shown and "Take back" in shown
    left = web(agent).get(page(one)).content.decode()
    assert f"{other.reference} Refund again" in left and "Take the merge back" in left
    back = web(agent).post(page(other), {"unmerge": one.reference}, follow=True).content.decode()
    assert f"{one.reference} stands by itself again" in back
    assert Ticket.objects.get(pk=one.pk).state is Status.ESCALATED


def test_strangers_are_refused_with_the_way_out(
    web: Web, agent: User, stranger: User, make: Callable[..., Ticket]
) -> None:
    one, foreign = make("Refund"), make("Bridge", stranger)
    refused = web(agent).post(f"/admin/desk/{one.pk}/merge/", {"into": foreign.reference})
    assert refused.status_code == 409 and "Link them instead" in refused.content.decode()
    missing = web(agent).get(f"/admin/desk/{one.pk}/merge/", {"into": "NOPE"}).content.decode()
    assert "There is no ticket" in missing


def test_a_merge_is_taken_back_only_from_its_own_pages(
    web: Web, agent: User, make: Callable[..., Ticket]
) -> None:
    one, other, third = make("a"), make("b"), make("c")
    one.merge_into(other, actor=agent)
    assert web(agent).post(page(third), {"unmerge": one.reference}).status_code == 409
    assert Ticket.objects.get(pk=one.pk).merged_into == other


def test_splitting_keeps_what_was_chosen_when_it_is_refused(
    web: Web, agent: User, make: Callable[..., Ticket]
) -> None:
    one = make("Refund")
    message = one.messages.get()
    address = f"/admin/desk/{one.pk}/split/"
    assert "Refund, please." in web(agent).get(address).content.decode()
    refused = web(agent).post(address, {"message": message.pk, "subject": " "})
    assert refused.status_code == 409
    assert f'value="{message.pk}" id="first" checked' in refused.content.decode()
    done = web(agent).post(address, {"message": message.pk, "subject": "Shoes"})
    assert done["Location"] == page(Ticket.objects.order_by("-id")[0])


def test_linking_and_its_offers(web: Web, agent: User, stranger: User, make: Callable[..., Ticket]) -> None:
    one, other, foreign = make("a"), make("b"), make("Bridge", stranger)
    offered = web(agent).get("/admin/desk/references/", {"for": one.pk, "q": ""}).content.decode()
    assert other.reference in offered and foreign.reference not in offered
    typed = web(agent).get("/admin/desk/references/", {"q": foreign.reference[:6].lower()}).content.decode()
    assert foreign.reference in typed
    said = (
        web(agent).post(page(one), {"step": "keep", "link": foreign.reference}, follow=True).content.decode()
    )
    assert f"Linked to {foreign.reference}." in said and "Bridge" in said
    off = web(agent).post(page(one), {"unlink": foreign.reference}, follow=True).content.decode()
    assert "is off." in off
    trail = web(agent).get(f"/admin/desk/{one.pk}/trail/").content.decode()
    assert f"Linked to another ticket: {foreign.reference}" in trail


def test_many_links_and_merges_cost_no_query_more(web: Web, agent: User, make: Callable[..., Ticket]) -> None:
    one = make("a")
    client = web(agent)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(page(one))
        return len(seen)

    def grow() -> None:
        make("m").merge_into(Ticket.objects.get(pk=one.pk), actor=agent)
        client.post(page(one), {"step": "link", "link": make("l").reference})

    grow()
    before = queries()
    grow()
    grow()
    assert queries() <= before
