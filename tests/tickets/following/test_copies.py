"""People in copy: nobody gets a word before they agreed, and then what is said, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import signing
from django.test import Client

from accounts import privacy
from accounts.models import User
from tickets.following import copies
from tickets.following.copies import MOST, CopyRefused
from tickets.following.models import Copy
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import OutgoingMail, Ticket

pytestmark = pytest.mark.django_db
COLLEAGUE = "cleo@example.org"


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My secret refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    OutgoingMail.objects.all().delete()
    return made


def put(ticket: Ticket, address: str = COLLEAGUE, *, agreed: bool = True) -> Copy:
    copies.add(ticket, address, way=Copy.Way.TEAM, by=None)
    copy = Copy.objects.get(ticket=ticket, address=address)
    if agreed:
        copies.confirm(copy)
    OutgoingMail.objects.all().delete()
    return copy


def mails_to(address: str) -> list[OutgoingMail]:
    return [one for one in OutgoingMail.objects.order_by("id") if address in one.recipients]


def path(copy: Copy) -> str:
    return "/" + copies.link(copy).split("/", 3)[3]


def test_who_is_named_is_asked_and_told_no_word(ticket: Ticket, agent: User) -> None:
    assert copies.add(ticket, " Cleo@Example.org ", way=Copy.Way.TEAM, by=agent)
    assert not copies.add(ticket, COLLEAGUE, way=Copy.Way.TEAM, by=agent)
    (asked,) = mails_to(COLLEAGUE)
    assert "secret" not in asked.subject + asked.body + asked.html_body
    ticket.reply("It is on its way.", author=agent)
    assert len(mails_to(COLLEAGUE)) == 1


def test_once_they_agreed_they_get_what_is_said_but_no_note(
    ticket: Ticket, agent: User, requester: User
) -> None:
    put(ticket)
    ticket.note("She is a VIP.", author=agent)
    ticket.reply("It is on its way.", author=agent)
    ticket.reply("Thank you!", author=requester)
    first, second = mails_to(COLLEAGUE)
    assert "It is on its way." in first.body and "wrote to Rita Requester" in first.body
    assert "Thank you!" in second.body and "Rita Requester wrote to" in second.body
    assert ticket.reference not in "".join(one.body.split("· ticket")[0] for one in (first, second))
    assert "/tickets/" not in first.body + first.html_body  # the page is not theirs
    assert not [one for one in OutgoingMail.objects.all() if "VIP" in one.body]


def test_yes_and_no_are_buttons_not_links(web: Callable[..., Client], ticket: Ticket) -> None:
    copy = put(ticket, agreed=False)
    browser = web()
    page = browser.get(path(copy)).content.decode()
    assert "Do you want copies?" in page and "secret" not in page
    assert not Copy.objects.get().confirmed_at  # a mail program that follows links decides nothing
    browser.post(path(copy), {"wanted": "yes"})
    assert Copy.objects.get().confirmed_at
    assert "go to cleo@example.org" in browser.get(path(copy)).content.decode()
    browser.post(path(copy), {"wanted": "no"})
    assert not Copy.objects.exists()
    assert browser.get(path(copy)).status_code == 404
    forged = signing.dumps(copy.pk, salt="another")
    assert browser.get(f"/copies/{forged}/").status_code == 404


@pytest.mark.parametrize(
    "address", ["nonsense", "", "rita@example.com", "Rita+x@example.com", 'a"b@example.org']
)
def test_who_is_not_put_in_copy(ticket: Ticket, address: str) -> None:
    with pytest.raises(CopyRefused):
        copies.add(ticket, address, way=Copy.Way.TEAM, by=None)


def test_only_a_few_are_in_copy(ticket: Ticket) -> None:
    for number in range(MOST):
        put(ticket, f"c{number}@example.org")
    with pytest.raises(CopyRefused, match=f"At most {MOST}"):
        put(ticket)


def test_the_requester_adds_and_removes_and_no_stranger_does(
    web: Callable[..., Client], ticket: Ticket, requester: User, stranger: User
) -> None:
    address = f"{ticket.get_absolute_url()}copies/"
    assert web(stranger).post(address, {"address": COLLEAGUE}).status_code == 404
    said = web(requester).post(address, {"address": COLLEAGUE}, follow=True).content.decode()
    assert "asked cleo@example.org" in said and "not confirmed yet" in said
    assert (
        "can’t be put in copy" in web(requester).post(address, {"address": "x"}, follow=True).content.decode()
    )
    web(requester).post(address, {"remove": COLLEAGUE})
    assert not Copy.objects.exists()


# --- merging and erasing ---------------------------------------------------------------------------------------


def test_copies_go_along_with_a_merge_and_come_back(ticket: Ticket, requester: User, agent: User) -> None:
    put(ticket)
    other = submit_ticket(Submission(subject="Again", body="Hello?", requester=requester))
    ticket.merge_into(other, actor=agent)
    assert [(one.address, bool(one.confirmed_at)) for one in other.copies.all()] == [(COLLEAGUE, True)]
    Ticket.objects.get(pk=ticket.pk).unmerge(actor=agent)
    assert not other.copies.exists()
    assert ticket.copies.exists()


@pytest.mark.parametrize("who", [COLLEAGUE, "rita@example.com"])
def test_erasing_either_side_takes_the_address_away(ticket: Ticket, who: str) -> None:
    put(ticket)
    if who == COLLEAGUE:
        assert "cleo" in str(privacy.EXPORTERS["following"](privacy.find(who)))
    privacy.erase(privacy.find(who))
    assert not Copy.objects.exists()
