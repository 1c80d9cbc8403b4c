"""Links and splits: once a pair, in the trail of both; a split copies words and files and leaves the first ticket whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from tickets.errors import TicketError
from tickets.intake.submit import Submission, submit_ticket
from tickets.links.linking import LinkRefused, find, link, links_of, unlink
from tickets.links.splitting import SplitRefused, split
from tickets.models import Attachment, Event, OutgoingMail, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


@pytest.fixture
def other(stranger: User) -> Ticket:
    return submit_ticket(Submission(subject="The bridge", body="It is up.", requester=stranger))


def test_a_pair_is_linked_once_from_either_end(ticket: Ticket, other: Ticket, agent: User) -> None:
    assert link(ticket, other, by=agent)
    assert not link(other, ticket, by=agent)
    assert [one.ticket for one in links_of(ticket)] == [other]
    assert [one.ticket for one in links_of(other)] == [ticket]
    assert unlink(other, ticket, by=agent)
    assert not unlink(ticket, other, by=agent)
    told = Event.objects.filter(kind__in=["linked", "unlinked"]).order_by("id")
    assert [(e.kind, e.ticket_id, e.facts["other"]) for e in told] == [
        ("linked", ticket.pk, other.pk), ("linked", other.pk, ticket.pk),
        ("unlinked", other.pk, ticket.pk), ("unlinked", ticket.pk, other.pk),
    ]  # fmt: skip
    with pytest.raises(LinkRefused, match="itself"):
        link(ticket, ticket, by=agent)


def test_links_cost_one_query(
    ticket: Ticket, requester: User, agent: User, django_assert_num_queries: Callable[[int], object]
) -> None:
    for number in range(3):
        link(ticket, submit_ticket(Submission(subject=f"{number}", body="x", requester=requester)), by=agent)
    with django_assert_num_queries(1):
        assert len([str(one.ticket.assignee) for one in links_of(ticket)]) == 3


@pytest.mark.parametrize("typed", ["", "  ", "ABCD-EFGH-JKLM"])
def test_what_names_no_ticket_is_said(agent: User, typed: str) -> None:
    with pytest.raises(TicketError, match="There is no ticket"):
        find(typed, by=agent)


def test_a_reference_is_found_as_it_is_typed(ticket: Ticket, agent: User) -> None:
    assert find(f" #{ticket.reference.lower()} ", by=agent) == ticket


def test_a_split_begins_a_ticket_and_leaves_the_first_whole(
    ticket: Ticket, requester: User, agent: User
) -> None:
    ticket.reply("On its way.", author=agent)
    second = ticket.reply("And my shoes are too small.", author=requester)
    answer = ticket.reply("Which size?", author=agent)
    Attachment.objects.create(
        message=second, file=SimpleUploadedFile("foot.txt", b"42"), name="foot.txt", content_type="text/plain", size=2,
        sha256="0" * 64,
    )  # fmt: skip
    OutgoingMail.objects.all().delete()
    new = split(ticket, [second.pk, answer.pk], subject="Shoes too small", by=agent)
    assert (new.subject, new.requester, new.assignee, new.state) == (
        "Shoes too small", requester, agent, Status.ESCALATED,
    )  # fmt: skip
    assert [(m.sender, m.body) for m in new.messages.all()] == [
        ("requester", "And my shoes are too small."), ("agent", "Which size?"),
    ]  # fmt: skip
    assert new.messages.get(sender="agent").created_at == answer.created_at
    assert ticket.messages.count() == 4
    mine, copy = Attachment.objects.order_by("id")
    assert copy.message.ticket == new and copy.file.name != mine.file.name and copy.file.read() == b"42"
    assert [one.words for one in links_of(ticket)] == ["split off this one"]
    assert [one.words for one in links_of(new)] == ["this one was split off it"]
    assert OutgoingMail.objects.get().recipients == [requester.email]  # told as of any new ticket


@pytest.mark.parametrize(
    "wrong", ["nothing", "an agent's first", "another ticket's", "no subject", "a note first"]
)
def test_what_makes_no_ticket_is_refused(ticket: Ticket, other: Ticket, agent: User, wrong: str) -> None:
    chosen = {
        "nothing": [],
        "an agent's first": [ticket.reply("On its way.", author=agent).pk],
        "another ticket's": [other.messages.get().pk],
        "no subject": [ticket.messages.get(sender="requester").pk],
        "a note first": [ticket.note("Hm.", author=agent).pk],
    }[wrong]
    with pytest.raises(SplitRefused):
        split(ticket, chosen, subject=" " if wrong == "no subject" else "New", by=agent)
    assert Ticket.objects.count() == 2


def test_a_guest_s_split_is_a_guest_s(agent: User) -> None:
    guests = submit_ticket(Submission(subject="Hat", body="Too small.", guest_email="gus@example.com"))
    new = split(guests, [guests.messages.get().pk], subject="Hat again", by=agent)
    assert (new.requester, new.requester_email, new.sender_verified) == (None, "gus@example.com", False)
