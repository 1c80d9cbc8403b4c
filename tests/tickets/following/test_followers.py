"""Following and mentions: who is told, who is not, and when a mention is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Role, User
from tests.conftest import person
from tickets.following import followers
from tickets.following.models import Follower, Mention
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import bundling, threads
from tickets.models import Attachment, OutgoingMail, Ticket

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    OutgoingMail.objects.all().delete()
    return made


def page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def told() -> list[tuple[str, str]]:
    return [
        (one.recipients[0].partition("@")[0], one.body.split('"')[0].strip()) for one in OutgoingMail.objects.order_by("id")
        if one.recipients != ["rita@example.com"]
    ]  # fmt: skip


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails to colleagues are not gathered."""
    monkeypatch.setattr(bundling, "SPAN", timedelta(0))


@pytest.mark.usefixtures("one_by_one")
def test_who_follows_is_told_that_something_was_written_not_what(
    ticket: Ticket, requester: User, agent: User, other_agent: User
) -> None:
    assert followers.follow(ticket, other_agent)
    assert not followers.follow(ticket, other_agent)
    ticket.reply("Secret words", author=requester)
    ticket.note("Secret words", author=agent)
    ticket.reply("Secret words", author=agent)
    ticket.reply("Secret words", author=other_agent)  # their own
    assert told() == [
        ("otto", "The requester wrote on"), ("otto", "Anna Agent wrote a note on"), ("otto", "Anna Agent wrote on"),
    ]  # fmt: skip
    staff = OutgoingMail.objects.exclude(recipients=["rita@example.com"])
    assert not [one for one in staff if "Secret" in one.body + one.subject]
    assert followers.unfollow(ticket, other_agent)
    ticket.note("More", author=agent)
    assert len(told()) == 3


def test_the_one_in_charge_is_told_once(ticket: Ticket, requester: User, agent: User) -> None:
    ticket.assign(agent, actor=agent)
    followers.follow(ticket, agent)
    OutgoingMail.objects.all().delete()
    ticket.reply("Hello?", author=requester)
    assert len(told()) == 1


def test_who_left_the_team_is_told_nothing(ticket: Ticket, agent: User, other_agent: User) -> None:
    followers.follow(ticket, other_agent)
    User.objects.filter(pk=other_agent.pk).update(role=Role.REQUESTER)
    ticket.note("Hm.", author=agent)
    assert told() == []


@pytest.mark.usefixtures("one_by_one")
def test_no_answer_to_a_colleague_s_mail_reaches_the_requester(
    ticket: Ticket, agent: User, other_agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "incoming", lambda ticket=None: threads.Incoming("support@example.com"))
    followers.follow(ticket, other_agent)
    ticket.note("@Otto Other look", author=agent)
    ticket.reply("On its way", author=agent)
    mails = [one for one in OutgoingMail.objects.all() if one.recipients == ["otto@example.com"]]
    assert len(mails) == 2
    assert not [one for one in mails if "Reply-To" in one.headers]


# --- mentions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("@Otto Other please", ["otto"]),
        ("please, @otto other", ["otto"]),
        ("(@otto)", ["otto"]),
        ("@otto and @Sue Supervisor", ["otto", "sue"]),
        ("mail otto@example.com", []),
        ("x@otto", []),
        ("@ottoline", []),
        ("@otto@example.com", []),
        ("@rita", []),
        ("Otto Other", []),
    ],
)
def test_who_is_mentioned(
    requester: User, other_agent: User, supervisor: User, body: str, named: list[str]
) -> None:
    assert [one.email.partition("@")[0] for one in followers.mentioned_in(body)] == named


def test_a_mention_tells_follows_and_waits_until_it_is_seen_to(
    web: Web, ticket: Ticket, agent: User, other_agent: User
) -> None:
    said = web(agent).post(
        page(ticket), {"step": "note", "note-body": "@Otto Other, can you check? @anna"}, follow=True
    )
    assert "Otto Other is told" in said.content.decode()
    assert told() == [("otto", "Anna Agent mentions you in a note on")]  # once, and nobody of their own note
    assert Follower.objects.get().agent == other_agent
    client = web(other_agent)
    assert "My refund" in client.get("/admin/tickets/ticket/?queue=mentions").content.decode()
    assert "My refund" not in web(agent).get("/admin/tickets/ticket/?queue=mentions").content.decode()
    assert "Anna Agent mentions you" in client.get(page(ticket)).content.decode()
    client.post(page(ticket), {"step": "mention_done"})
    assert "mentions you" not in client.get(page(ticket)).content.decode()
    assert Mention.objects.get().done_at


def test_writing_on_it_is_seeing_to_it(ticket: Ticket, agent: User, other_agent: User) -> None:
    ticket.note("@otto", author=agent)
    ticket.note("Mine", author=agent)
    assert followers.mention_of(ticket, other_agent)
    ticket.note("Checked.", author=other_agent)
    assert followers.mention_of(ticket, other_agent) is None


def test_colleagues_are_offered_while_one_types(
    web: Web, agent: User, other_agent: User, requester: User
) -> None:
    client = web(agent)
    for typed, names in (
        ("ot", ["Otto Other"]),
        ("othe", ["Otto Other"]),
        ("Otto O", ["Otto Other"]),
        ("rita", []),
    ):
        found = client.get("/admin/desk/people/", {"q": typed}).json()["people"]
        assert [one["name"] for one in found] == names
    nameless = person("zoe@example.com", Role.AGENT, "")
    assert followers.handle(nameless) == "zoe"


def test_a_note_takes_its_own_files_along(web: Web, ticket: Ticket, agent: User, requester: User) -> None:
    client, call = web(agent), f"/admin/desk/{ticket.pk}/draft/"
    json = {"headers": {"accept": "application/json"}}
    kept = client.post(call, {"note-files": SimpleUploadedFile("scan.txt", b"scan")}, **json).json()
    assert "scan.txt" in kept["note_files"] and "scan.txt" not in kept["files"]
    client.post(call, {"reply-files": SimpleUploadedFile("label.txt", b"label")}, **json)
    client.post(page(ticket), {"step": "note", "note-body": "See the scan."})
    assert [(one.name, one.message.kind) for one in Attachment.objects.all()] == [("scan.txt", "note")]
    shown = client.get(page(ticket)).content.decode()
    assert "label.txt" in shown  # waits with the reply
    assert "scan.txt" not in web(requester).get(ticket.get_absolute_url()).content.decode()


def test_steps_of_the_page(web: Web, ticket: Ticket, agent: User) -> None:
    client = web(agent)
    assert (
        "You follow this ticket"
        in client.post(page(ticket), {"step": "follow"}, follow=True).content.decode()
    )
    assert "My refund" in client.get("/admin/tickets/ticket/?queue=following").content.decode()
    assert "no longer follow" in client.post(page(ticket), {"step": "follow"}, follow=True).content.decode()
    asked = client.post(
        page(ticket), {"step": "keep", "copy": "cleo@example.org"}, follow=True
    ).content.decode()
    assert "is asked whether" in asked and "not confirmed" in asked
    assert (
        "asked again"
        in client.post(page(ticket), {"ask_copy": "cleo@example.org"}, follow=True).content.decode()
    )
    assert client.post(page(ticket), {"step": "copy", "copy": "nonsense"}).status_code == 409
    gone = client.post(page(ticket), {"uncopy": "cleo@example.org"}, follow=True).content.decode()
    assert "gets no copies" in gone


def test_followers_go_along_with_a_merge_and_come_back(ticket: Ticket, requester: User, agent: User) -> None:
    other = submit_ticket(Submission(subject="Again", body="Hello?", requester=requester))
    followers.follow(ticket, agent)
    ticket.merge_into(other, actor=agent)
    assert other.followers.get().agent == agent
    Ticket.objects.get(pk=ticket.pk).unmerge(actor=agent)
    assert not other.followers.exists()
    assert ticket.followers.exists()
