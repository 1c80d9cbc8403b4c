"""Tags: one spelling each, once a ticket, found by the search box, and each change in the trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.macros.applying import apply
from tickets.macros.models import Macro
from tickets.models import Event, Ticket
from tickets.tags.models import LONGEST, Tag, Tagging, folded
from tickets.tags.tagging import MOST, TAGGED, UNTAGGED, NoTag, offered, put, read_names, tags_of, take_off

Web = Callable[..., Client]


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("Refund", ["refund"]),
        (" #VIP, very  late ,vip", ["vip", "very-late"]),
        ("#a #b", ["a", "b"]),
        ("größe, заказ, 2026.1", ["größe", "заказ", "2026.1"]),
        (" , ", []),
    ],
)
def test_one_spelling_each(words: str, names: list[str]) -> None:
    assert read_names(words) == names


@pytest.mark.parametrize("words", ["a" * (LONGEST + 1), "<b>", "a/b", "-", "a:b", "☕"])
def test_what_is_no_tag_is_refused(words: str) -> None:
    with pytest.raises(NoTag, match="is no tag"):
        read_names(words)
    with pytest.raises(ValidationError):
        folded(words)


def test_a_tag_is_on_a_ticket_once_and_each_change_is_an_event(ticket: Ticket, agent: User) -> None:
    assert put(ticket, ["vip", "late"], by=agent) == ["vip", "late"]
    assert put(ticket, ["vip"], by=agent) == []
    assert take_off(ticket, "late", by=agent)
    assert not take_off(ticket, "late", by=agent)
    assert tags_of([ticket.pk]) == {ticket.pk: ["vip"]}
    kinds = list(
        ticket.events.filter(kind__in=[TAGGED, UNTAGGED]).order_by("id").values_list("kind", "actor")
    )
    assert kinds == [(TAGGED, agent.pk), (TAGGED, agent.pk), (UNTAGGED, agent.pk)]


def test_the_trail_names_no_word(ticket: Ticket, agent: User) -> None:
    put(ticket, ["rita-the-requester"], by=agent)
    event = Event.objects.get(kind=TAGGED)
    assert "rita" not in str({**event.facts})
    assert event.facts["tag"] == Tag.objects.get().pk


def test_a_ticket_bears_so_many_and_no_more(ticket: Ticket, agent: User) -> None:
    put(ticket, [f"t{n}" for n in range(MOST)], by=agent)
    with pytest.raises(NoTag, match="at most"):
        put(ticket, ["one-more"], by=agent)
    assert Tagging.objects.count() == MOST
    assert not Tag.objects.filter(name="one-more").exists()


def test_the_last_word_is_completed(db: None) -> None:
    for name in ("refund", "refused", "vip"):
        Tag.objects.create(name=name)
    assert offered("vip, Ref") == ["refund", "refused"]


def test_agents_tag_on_the_page_and_find_by_tag(web: Web, ticket: Ticket, agent: User) -> None:
    browser = web(agent)
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    shown = browser.post(page, {"step": "keep", "tags": "VIP, very late"}, follow=True).content.decode()
    assert "Tagged vip, very-late." in shown
    assert 'name="untag" value="very-late"' in shown
    assert (
        browser.get(reverse("desk-tags"), {"q": "vi"}).content.decode().strip()
        == '<option value="vip"></option>'
    )
    lists = reverse("admin:tickets_ticket_changelist")
    found = browser.get(lists, {"queue": "all", "q": "tag:vip"}).content.decode()
    assert ticket.reference in found or "My refund" in found
    assert '<em class="row-tag">very-late</em>' in found
    assert "My refund" not in browser.get(lists, {"queue": "all", "q": "tag:nothing"}).content.decode()
    again = browser.post(page, {"step": "tag", "tags": "vip"}, follow=True).content.decode()
    assert "vip: on the ticket already." in again
    browser.post(page, {"untag": "very-late"})
    assert tags_of([ticket.pk])[ticket.pk] == ["vip"]


def test_a_wrong_tag_loses_no_word(web: Web, ticket: Ticket, agent: User) -> None:
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    answer = web(agent).post(page, {"step": "tag", "tags": "a/b", "reply-body": "Hello"})
    assert answer.status_code == 409
    assert "is no tag" in answer.content.decode()
    assert 'value="a/b"' in answer.content.decode()
    assert "Hello</textarea>" in answer.content.decode()


def test_no_tag_at_all_is_said(web: Web, ticket: Ticket, agent: User) -> None:
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    answer = web(agent).post(page, {"step": "tag", "tags": " , "})
    assert answer.status_code == 409
    assert "Write a tag first" in answer.content.decode()


def test_a_macro_tags(ticket: Ticket, agent: User) -> None:
    macro = Macro(name="Late", tags="VIP , late")
    macro.clean()
    macro.save()
    assert macro.tags == "vip, late"
    assert apply(macro, ticket, agent=agent) == "Tagged vip, late."
    assert tags_of([ticket.pk]) == {ticket.pk: ["late", "vip"]}


def test_a_macro_with_a_wrong_tag_is_refused(db: None) -> None:
    with pytest.raises(ValidationError, match="is no tag"):
        Macro(name="Late", tags="a/b").clean()
