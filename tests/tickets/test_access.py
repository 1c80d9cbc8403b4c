"""Who may see what, per person and access level; pages and programs ask the same functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404

from accounts.models import Role, User
from tickets.access import (
    NotTheRequester,
    Viewer,
    goes_on_in,
    linked_ticket,
    own_ticket,
    own_tickets,
    readable_messages,
    readable_on,
    visible_attachment,
    visible_ticket,
    visible_tickets,
)
from tickets.intake.replies import write_note
from tickets.models import Attachment, Ticket
from tickets.teams.sight import closed_to

pytestmark = pytest.mark.django_db
Viewers = dict[str, Viewer]
TEXT = b"One line of a log."


@pytest.fixture
def ticket(submit: Callable[..., Ticket], requester: User, engine: object) -> Ticket:
    return submit(requester=requester, files=[SimpleUploadedFile("a.txt", TEXT)])


@pytest.fixture
def guests(submit: Callable[..., Ticket], engine: object) -> Ticket:
    return submit(guest_email="gus@example.com", files=[SimpleUploadedFile("a.txt", TEXT)])


@pytest.fixture
def viewers(requester: User, stranger: User, agent: User, ticket: Ticket, guests: Ticket) -> Viewers:
    held = (
        guests.reference,
        ticket.reference,
    )  # whatever a browser holds, an account's ticket is not a guest's
    return {
        "requester": Viewer(requester),
        "requester who holds": Viewer(requester, held),
        "stranger": Viewer(stranger),
        "stranger who holds": Viewer(stranger, held),
        "agent": Viewer(agent),
        "guest": Viewer(None),
        "guest who holds": Viewer(None, held),
    }


#: Viewer -> may they see the account's ticket, may they see the guest's?
SEES = {
    "requester": (True, False),
    "requester who holds": (True, True),
    "stranger": (False, False),
    "stranger who holds": (False, True),
    "agent": (True, True),
    "guest": (False, False),
    "guest who holds": (False, True),
}


def may(load: Callable[[], object]) -> bool:
    try:
        load()
    except Http404:
        return False
    return True


@pytest.mark.parametrize("who", SEES)
def test_a_ticket_its_messages_and_its_files_open_to_the_same_people(
    viewers: Viewers, ticket: Ticket, guests: Ticket, who: str
) -> None:
    viewer = viewers[who]
    both = (ticket, guests)
    assert tuple(may(lambda t=t: visible_ticket(viewer, t.reference)) for t in both) == SEES[who]
    assert tuple(visible_tickets(viewer).filter(pk=t.pk).exists() for t in both) == SEES[who]
    assert tuple(readable_messages(viewer).filter(ticket=t).exists() for t in both) == SEES[who]
    tokens = [str(Attachment.objects.get(message__ticket=t).token) for t in both]
    assert tuple(may(lambda token=token: visible_attachment(viewer, token)) for token in tokens) == SEES[who]


@pytest.mark.parametrize("who", SEES)
def test_a_note_and_its_file_are_for_agents_only(
    viewers: Viewers, ticket: Ticket, agent: User, who: str
) -> None:
    note = write_note(ticket, agent, "Fraud?", [SimpleUploadedFile("plan.txt", TEXT)])
    token = str(note.attachments.get().token)
    assert readable_messages(viewers[who]).filter(pk=note.pk).exists() is (who == "agent")
    assert (note in list(readable_on(viewers[who], ticket))) is (who == "agent")
    assert may(lambda: visible_attachment(viewers[who], token)) is (who == "agent")


def test_only_an_agent_who_is_not_its_requester_may_see_a_ticket_and_not_act_on_it(
    viewers: Viewers, ticket: Ticket, guests: Ticket, submit: Callable[..., Ticket], agent: User
) -> None:
    for who in ("requester", "requester who holds"):
        assert own_ticket(viewers[who], ticket.reference) == ticket
    for who in ("guest who holds", "stranger who holds"):
        assert own_ticket(viewers[who], guests.reference) == guests
    for other in (ticket, guests):
        with pytest.raises(NotTheRequester, match="rates it"):
            own_ticket(viewers["agent"], other.reference, "rates it")
    mine = submit(requester=agent)
    assert own_ticket(viewers["agent"], mine.reference) == mine
    with pytest.raises(Http404):
        own_ticket(viewers["stranger"], ticket.reference)


def test_ones_own_list_holds_only_ones_own(viewers: Viewers, ticket: Ticket, guests: Ticket) -> None:
    assert list(own_tickets(viewers["requester who holds"])) == [ticket]
    assert list(own_tickets(viewers["guest who holds"])) == [guests]
    assert list(own_tickets(viewers["agent"])) == list(own_tickets(viewers["guest"])) == []


def test_what_nobody_may_see_is_not_there_and_named_no_further(viewers: Viewers, ticket: Ticket) -> None:
    absent = "00000000-0000-4000-8000-000000000000"
    for load in (
        lambda: linked_ticket("K7QM-3XNA-9F2T"),
        lambda: visible_ticket(viewers["agent"], "K7QM-3XNA-9F2T"),
        lambda: visible_ticket(viewers["stranger"], ticket.reference),
    ):
        with pytest.raises(Http404, match=r"^No such ticket\.$"):
            load()
    with pytest.raises(Http404, match=r"^No such file\.$"):
        visible_attachment(viewers["agent"], absent)


def test_a_ticket_comes_with_the_people_on_it_in_one_query(
    viewers: Viewers,
    ticket: Ticket,
    guests: Ticket,
    requester: User,
    agent: User,
    django_assert_num_queries: Any,
) -> None:
    ticket.assign(agent, actor=agent)
    Ticket.objects.filter(pk=ticket.pk).update(follow_up_of=guests, merged_into=guests)
    closed_to(agent)  # asked once a request
    with django_assert_num_queries(1):
        found = visible_ticket(Viewer(agent), ticket.reference)
        assert not hasattr(found, "feedback")
        assert (found.requester, found.assignee) == (requester, agent)
        assert (found.follow_up_of, found.merged_into) == (guests, guests)


def test_a_merged_ticket_goes_on_in_the_one_it_points_to_for_who_may_see_that(
    viewers: Viewers, ticket: Ticket, guests: Ticket, submit: Callable[..., Ticket], requester: User
) -> None:
    others = [submit(requester=requester) for _ in range(3)]
    assert goes_on_in(viewers["requester"], ticket) is None
    ticket.merged_into = others[1]
    assert goes_on_in(viewers["requester"], ticket) == goes_on_in(viewers["agent"], ticket) == others[1]
    ticket.merged_into = guests
    assert goes_on_in(viewers["requester"], ticket) is None
    assert goes_on_in(viewers["requester who holds"], ticket) == guests


def test_who_is_no_agent_any_more_sees_as_a_requester_does(ticket: Ticket, agent: User) -> None:
    agent.role = Role.REQUESTER
    assert not may(lambda: visible_ticket(Viewer(agent), ticket.reference))


#: What only access.py asks: whose a row is, and who works here.
TESTS_OF_PERMISSION = re.compile(
    r"\.is_agent|visible_to|for_requester|held_by_guest|(?:Ticket|Message|Attachment)\.objects"
    r"|requester_id (?:is|==|!=)|PermissionDenied|GUEST_SESSION_KEY"
)


@pytest.mark.parametrize(
    "file", ["tickets/web/views.py", "tickets/api/views.py", "tickets/web/files.py", "tickets/web/ticket.py"]
)
def test_no_view_repeats_a_test_of_permission(file: str) -> None:
    assert not TESTS_OF_PERMISSION.findall((settings.BASE_DIR / file).read_text())
