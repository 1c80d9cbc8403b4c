"""A closed team's tickets are there for its members, supervisors and auditors, and for nobody else of the house."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from tests.conftest import person
from tickets.access import (
    Viewer,
    at_desk,
    readable_messages,
    readable_on,
    team_ticket,
    visible_attachment,
    visible_ticket,
)
from tickets.channels.email.threading import _by_address
from tickets.desk import held, rounds
from tickets.desk.models import Draft
from tickets.errors import InvalidTransition, MergeRefused, TicketError
from tickets.following import followers
from tickets.following.models import Mention
from tickets.intake.replies import write_note
from tickets.intake.submit import Submission, submit_ticket
from tickets.links.linking import find, link, links_of
from tickets.mail import notices
from tickets.models import Attachment, Event, OutgoingMail, Status, Ticket
from tickets.search.find import narrow, search
from tickets.search.query import SearchRefused
from tickets.teams.models import Membership, Team
from tickets.teams.sight import closed_to

pytestmark = pytest.mark.django_db
Waiting = Callable[..., Ticket]


def anew(person: User) -> User:
    """As the next request reads them."""
    return User.objects.get(pk=person.pk)


@pytest.fixture
def ticket(waiting: Waiting, closed: Team) -> Ticket:
    return waiting(closed)


def test_a_member_sees_it_and_others_do_not(
    ticket: Ticket, agent: User, other_agent: User, supervisor: User, requester: User
) -> None:
    auditor = person("aud@example.com", Role.AUDITOR, "Audrey Auditor")
    for who in (agent, supervisor, auditor):
        assert list(at_desk(who)) == [ticket]
        assert visible_ticket(Viewer(who), ticket.reference) == ticket
    assert not at_desk(other_agent).exists()
    with pytest.raises(Http404):
        visible_ticket(Viewer(other_agent), ticket.reference)
    assert not at_desk(requester).exists()
    assert visible_ticket(Viewer(requester), ticket.reference) == ticket


def test_an_open_teams_tickets_and_those_of_none_are_everybodys(
    waiting: Waiting, open_team: Team, closed: Team, other_agent: User
) -> None:
    seen = [waiting(open_team), waiting(None)]
    waiting(closed)
    assert sorted(one.pk for one in at_desk(other_agent)) == [one.pk for one in seen]


def test_where_no_team_is_closed_nothing_is_asked_of_a_ticket(
    waiting: Waiting, open_team: Team, agent: User
) -> None:
    waiting(open_team)
    assert closed_to(agent) == frozenset()
    with CaptureQueriesContext(connection) as asked:
        list(at_desk(agent))
    assert "WHERE" not in asked[0]["sql"] and len(asked) == 1


def test_an_agents_own_ticket_is_theirs_as_a_customers(closed: Team, other_agent: User) -> None:
    own = submit_ticket(Submission(subject="My salary", body="Hello", requester=other_agent, team=closed))
    write_note(own, User.objects.get(email="anna@example.com"), "Between us.")
    viewer = Viewer(other_agent)
    assert visible_ticket(viewer, own.reference) == own
    assert [one.body for one in readable_on(viewer, own)] == ["Hello"]
    assert [one.body for one in readable_messages(viewer)] == ["Hello"]
    assert not at_desk(other_agent).exists()
    with pytest.raises(PermissionDenied):
        team_ticket(viewer, own.reference)


def test_its_files_and_words_are_read_by_nobody_else(
    ticket: Ticket, closed: Team, agent: User, other_agent: User
) -> None:
    write_note(ticket, agent, "Secret of billing.", [SimpleUploadedFile("n.txt", b"x")])
    token = str(Attachment.objects.get().token)
    assert visible_attachment(Viewer(agent), token)
    with pytest.raises(Http404):
        visible_attachment(Viewer(other_agent), token)
    assert not readable_messages(Viewer(other_agent)).exists()
    for words in ("refund", ticket.reference, f"#{ticket.reference[:4]}"):
        assert not search(at_desk(other_agent), words, Viewer(other_agent)).ids


def test_a_stranger_to_the_team_is_not_put_in_charge(
    ticket: Ticket, other_agent: User, supervisor: User
) -> None:
    with pytest.raises(InvalidTransition, match="does not see the tickets of Billing"):
        ticket.assign(other_agent, actor=supervisor)
    ticket.assign(supervisor, actor=supervisor)
    assert ticket.assignee == supervisor


def test_handing_it_over_takes_it_from_who_cannot_see_it_there(
    waiting: Waiting, closed: Team, other_agent: User, agent: User
) -> None:
    ticket = waiting(None)
    ticket.assign(other_agent, actor=other_agent)
    ticket.hand_to(closed, actor=other_agent)
    assert (ticket.team, ticket.assignee) == (closed, None)
    event = ticket.events.get(kind=Event.Kind.TEAM)
    assert (event.actor, event.facts) == (other_agent, {"team": closed.pk})
    ticket.assign(agent, actor=agent)
    ticket.hand_to(None, actor=agent)
    assert ticket.assignee == agent
    ticket.hand_to(None, actor=agent)
    assert ticket.events.filter(kind=Event.Kind.TEAM).count() == 2


def test_a_closed_ticket_stays_with_its_team(ticket: Ticket, agent: User, open_team: Team) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED)
    with pytest.raises(InvalidTransition, match="closed"):
        ticket.hand_to(open_team, actor=agent)


@pytest.mark.parametrize("way", ["leaves", "is closed", "is no supervisor any more"])
def test_who_sees_it_no_more_has_it_no_more(
    waiting: Waiting, way: str, agent: User, closed: Team, open_team: Team, supervisor: User
) -> None:
    ticket = waiting(open_team if way == "is closed" else closed)
    holder = supervisor if way == "is no supervisor any more" else agent
    ticket.assign(holder, actor=holder)
    if way == "leaves":
        Membership.objects.get(agent=agent).delete()
    elif way == "is closed":
        open_team.is_closed = True
        open_team.save()
    else:
        supervisor.role = Role.AGENT
        supervisor.save()
    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert not at_desk(anew(holder)).filter(pk=ticket.pk).exists()


def test_a_reply_on_its_way_comes_back_when_its_author_sees_it_no_more(
    waiting: Waiting, closed: Team, other_agent: User, supervisor: User
) -> None:
    ticket = waiting(None)
    seen = ticket.messages.get().pk
    row = held.hold(
        ticket, author=other_agent, body="Hello", seen=seen, page=uuid.uuid4(), then=Draft.Then.WAIT
    )
    ticket.hand_to(closed, actor=supervisor)
    held.deliver(row.pk)
    assert not ticket.messages.filter(sender="agent").exists()
    assert "with Billing now" in other_agent.drafts.get().came_back


def test_nobody_is_told_of_what_they_may_not_see(ticket: Ticket, agent: User, other_agent: User) -> None:
    OutgoingMail.objects.all().delete()
    notices.urgent(ticket)
    followers.follow(ticket, other_agent)
    write_note(ticket, agent, "@Otto Other, look.")
    ticket.reply("Any news?", author=None)
    told = {address for mail in OutgoingMail.objects.all() for address in mail.recipients}
    assert other_agent.email not in told and agent.email in told
    assert not Mention.objects.exists()


def test_it_is_neither_found_nor_linked_nor_merged_from_outside(
    ticket: Ticket, waiting: Waiting, agent: User, other_agent: User
) -> None:
    other = waiting(None, "Another")
    with pytest.raises(TicketError, match="There is no ticket"):
        find(ticket.reference, by=other_agent)
    link(other, ticket, by=agent)
    assert [one.ticket for one in links_of(other, seen_by=agent)] == [ticket]
    assert links_of(other, seen_by=other_agent) == []
    with pytest.raises(MergeRefused, match="different teams"):
        ticket.merge_into(other, actor=agent)
    with pytest.raises(MergeRefused, match="different teams"):
        other.merge_into(ticket, actor=agent)


def test_next_leads_a_member_through_their_teams_and_never_into_a_closed_one(
    waiting: Waiting, closed: Team, open_team: Team, agent: User, other_agent: User
) -> None:
    waiting(closed, "Of billing")
    shipping = waiting(open_team, "Of shipping")
    assert rounds.next_turn(other_agent).ticket == shipping
    shipping.assign(None, actor=None)
    turn = rounds.next_turn(agent)
    assert turn.ticket is not None and turn.ticket.team == closed
    assert rounds.next_turn(agent, after=turn.ticket.pk).ticket is None


def test_an_agents_mail_on_a_ticket_that_they_do_not_see_is_no_reply(
    ticket: Ticket, agent: User, other_agent: User
) -> None:
    class Mail:
        class sender:  # noqa: N801
            key = other_agent.email
            address = other_agent.email

    mail: Any = Mail()
    assert _by_address(mail, ticket, other_agent.pk).ticket is None
    mail.sender.key = agent.email
    assert _by_address(mail, ticket, agent.pk).ticket == ticket


def test_team_in_the_search_box(
    waiting: Waiting, closed: Team, open_team: Team, agent: User, other_agent: User
) -> None:
    billing, shipping, nobodys = waiting(closed), waiting(open_team), waiting(None)

    def found(words: str, who: User) -> list[Ticket]:
        return list(narrow(at_desk(who).order_by("pk"), words, Viewer(who)))

    assert found("team:bill", agent) == found("team:mine", agent) == [billing]
    assert found("team:none", agent) == [nobodys]
    assert found("team:shipping", other_agent) == [shipping]
    with pytest.raises(SearchRefused, match=r"There is no team “billing”.*Teams: Shipping"):
        found("team:billing", other_agent)


def test_the_feed_is_for_who_sees_every_team(
    api: Callable[..., Any], closed: Team, agent: User, other_agent: User
) -> None:
    assert api(agent).get("/api/events").status_code == 200
    assert api(other_agent).get("/api/events").status_code == 403
