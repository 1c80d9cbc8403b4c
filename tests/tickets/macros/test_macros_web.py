"""Macros on the ticket's page, and where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tickets.desk import drafts
from tickets.desk.models import Draft
from tickets.macros.models import Macro
from tickets.models import Ticket

Web = Callable[..., Client]
FORM = {"name": "Refund", "reply": "Hello {first_name}.", "note": "", "then": "wait", "urgency": ""}


def page_of(ticket: Ticket) -> str:
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def test_its_name_and_enter_apply_it(web: Web, escalated: Ticket, agent: User) -> None:
    Macro.objects.create(name="Refund", reply="It is on its way.", then=Draft.Then.RESOLVE)
    step = {"step": "keep", "macro": "refund", "reply-body": "Hello,"}
    page = web(agent).post(page_of(escalated), step, follow=True).content.decode()
    assert "Hello,\n\nIt is on its way.</textarea>" in page
    assert 'value="send_and_resolve" data-press="send"' in page
    assert "Sending it resolves the ticket." in page


def test_a_name_that_there_is_not_loses_no_word(web: Web, escalated: Ticket, agent: User) -> None:
    step = {"step": "macro", "macro": "gift", "reply-body": "Hello,"}
    answer = web(agent).post(page_of(escalated), step)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "There is no macro “gift”." in page
    assert 'value="gift"' in page
    assert drafts.draft_of(agent, escalated).reply == "Hello,"


def test_while_typing_the_agent_s_macros_are_offered(web: Web, agent: User, other_agent: User) -> None:
    Macro.objects.create(name="<b>Refund</b>", reply="x")
    Macro.objects.create(name="Refund of mine", reply="x", owner=other_agent)
    answer = web(agent).get(reverse("desk-macros"), {"q": "refund"}).content.decode()
    assert "&lt;b&gt;Refund&lt;/b&gt;" in answer
    assert "of mine" not in answer


def test_requesters_are_offered_nothing(web: Web, requester: User) -> None:
    assert web(requester).get(reverse("desk-macros")).status_code in {302, 403, 404}


def test_an_agent_keeps_one_of_their_own(web: Web, agent: User) -> None:
    web(agent).post(reverse("admin:macros_macro_add"), {**FORM, "shared": "on"})
    assert Macro.objects.get().owner == agent


def test_a_supervisor_shares_one(web: Web, supervisor: User, agent: User) -> None:
    web(supervisor).post(reverse("admin:macros_macro_add"), {**FORM, "shared": "on"})
    shared = Macro.objects.get()
    assert shared.owner is None
    address = reverse("admin:macros_macro_change", args=[shared.pk])
    assert web(agent).get(address).status_code == 200
    assert web(agent).post(address, {**FORM, "name": "Mine now"}).status_code == 403
    shared.refresh_from_db()
    assert shared.name == "Refund"


def test_another_agent_s_macro_is_not_there(web: Web, agent: User, other_agent: User) -> None:
    other = Macro.objects.create(name="Theirs", reply="x", owner=other_agent)
    listed = web(agent).get(reverse("admin:macros_macro_changelist")).content.decode()
    assert "Theirs" not in listed
    answer = web(agent).get(reverse("admin:macros_macro_change", args=[other.pk]), follow=True)
    assert "Theirs" not in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reply": "Hello {firstname}."}, "There is no {firstname}."),
        ({"reply": ""}, "A macro does something"),
        ({"name": "late parcel"}, "There is a macro of this name."),
        ({"name": " "}, "This field is required."),
    ],
)
def test_a_wrong_one_is_refused_in_words(web: Web, agent: User, wrong: dict[str, str], told: str) -> None:
    Macro.objects.create(name="Late parcel", reply="x", owner=agent)
    page = web(agent).post(reverse("admin:macros_macro_add"), {**FORM, **wrong}).content.decode()
    assert told in page
    assert Macro.objects.count() == 1


def in_place(browser: Any, ticket: Ticket, name: str, **facts: Any) -> Any:
    facts = {"macro": name, "reply-body": "", "note-body": "", "version": 0, **facts}
    return browser.post(reverse("desk-macro", args=[ticket.pk]), facts, HTTP_ACCEPT="application/json")


def test_a_macro_s_texts_join_the_open_page(web: Web, agent: User, escalated: Ticket) -> None:
    Macro.objects.create(name="Refund", reply="Five days.", then="resolve")
    done = in_place(web(agent), escalated, "ref", **{"reply-body": "Hello,"}).json()
    assert (done["reply"], done["whole"]) == ("Hello,\n\nFive days.", False)
    assert done["version"] == agent.drafts.get(ticket=escalated).version
    assert done["buttons"].index("Send and resolve") < done["buttons"].index("Send and next")


def test_a_macro_that_changes_the_ticket_has_the_page_loaded_again(
    web: Web, agent: User, escalated: Ticket
) -> None:
    Macro.objects.create(name="Mine", reply="Five days.", takes=True)
    browser = web(agent)
    assert in_place(browser, escalated, "mine").json()["whole"] is True
    page = browser.get(page_of(escalated)).content.decode()
    assert "The ticket is yours." in page


def test_a_refused_macro_keeps_what_was_typed(web: Web, agent: User, escalated: Ticket) -> None:
    answer = in_place(web(agent), escalated, "gift", **{"reply-body": "Hello,"})
    assert (answer.status_code, answer.json()["message"]) == (400, "There is no macro “gift”.")
    assert agent.drafts.get(ticket=escalated).reply == "Hello,"


def test_a_macro_of_a_window_that_is_behind_overwrites_nothing(
    web: Web, agent: User, escalated: Ticket
) -> None:
    Macro.objects.create(name="Refund", reply="Five days.")
    browser = web(agent)
    in_place(browser, escalated, "refund")
    assert in_place(browser, escalated, "refund", **{"reply-body": "Older"}).status_code == 409
    assert agent.drafts.get(ticket=escalated).reply == "Five days."
