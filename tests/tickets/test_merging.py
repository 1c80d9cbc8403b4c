"""Merging: one person's tickets only, nothing moved, everything taken back; and who reads what of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Role, User
from tests.conftest import person
from tickets import access
from tickets.access import Viewer
from tickets.errors import InvalidTransition, MergeRefused
from tickets.intake.submit import Submission, submit_ticket
from tickets.merging import merge_refusal
from tickets.models import Channel, Closure, Event, Message, OutgoingMail, Status, Ticket, Urgency
from tickets.service.models import Clock

pytestmark = pytest.mark.django_db
WHO = {
    "rita": {"who": "requester"},
    "steve": {"who": "stranger"},
    "rita's mail": {"guest_email": "Rita@example.com", "channel": Channel.EMAIL},
    "rita's browser": {"guest_email": "rita@example.com", "channel": Channel.WEB},
    "gus's mail": {"guest_email": "gus@example.com", "channel": Channel.EMAIL},
    "gus's browser": {"guest_email": "gus@example.com", "channel": Channel.WEB},
}


@pytest.fixture
def sent(request: pytest.FixtureRequest) -> Callable[..., Ticket]:
    def send(whose: str = "rita", body: str = "Where is it?", **facts: object) -> Ticket:
        known = {**WHO[whose]}
        who = known.pop("who", None)
        if who:
            known["requester"] = request.getfixturevalue(str(who))
        ticket = submit_ticket(Submission(subject=f"{whose}: {body}", body=body, **{**known, **facts}))
        ticket.escalate("low_confidence")
        return ticket

    return send


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


# --- who with whom -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("rita", "rita", True),
        ("rita's mail", "rita", True),  # the account's owner has proved to own the address
        ("rita's browser", "rita", True),
        ("gus's mail", "gus's mail", True),  # only the link that went to the address opens it
        ("gus's browser", "gus's mail", True),
        ("rita", "steve", False),
        ("rita", "gus's mail", False),
        ("gus's mail", "rita", False),
        ("rita", "rita's mail", False),  # an account's words behind a link, and an address that is only a claim
        ("rita", "rita's browser", False),
        ("gus's mail", "gus's browser", False),  # whoever sits there has claimed the address
        ("gus's browser", "gus's browser", False),
    ],
)  # fmt: skip
def test_only_what_is_provably_one_person_s_is_merged(
    sent: Callable[..., Ticket], requester: User, agent: User, source: str, target: str, allowed: bool
) -> None:
    one, other = sent(source, "Mine"), sent(target, "Theirs")
    assert (merge_refusal(one, other) == "") is allowed
    if allowed:
        one.merge_into(other, actor=agent)
        assert [message.body for message in fresh(other).conversation] == ["Mine", "Theirs"]
        return
    with pytest.raises(MergeRefused):
        one.merge_into(other, actor=agent)
    assert [message.body for message in fresh(other).conversation] == ["Theirs"]


def test_what_cannot_be_merged(sent: Callable[..., Ticket], agent: User) -> None:
    one, other, third = sent(), sent(), sent()
    with pytest.raises(MergeRefused, match="into itself"):
        one.merge_into(one, actor=agent)
    third.quarantine("spam", agent)
    with pytest.raises(MergeRefused, match="quarantine"):
        one.merge_into(third, actor=agent)
    other.resolve(actor=agent)
    other.close(Closure.AGENT, actor=agent)
    with pytest.raises(MergeRefused, match="is closed"):
        one.merge_into(other, actor=agent)
    other.merge_into(one, actor=agent)  # the words of a closed one may go on
    with pytest.raises(MergeRefused, match="merged already"):
        other.merge_into(one, actor=agent)


def test_of_two_who_merge_crosswise_the_second_is_refused(
    sent: Callable[..., Ticket], agent: User, other_agent: User, while_waiting: Callable[..., None]
) -> None:
    one, other = sent(), sent()
    while_waiting(Ticket, lambda: fresh(other).merge_into(fresh(one), actor=other_agent))
    with pytest.raises(MergeRefused, match="merged itself"):
        one.merge_into(other, actor=agent)


# --- what it does ---------------------------------------------------------------------------------------------


def test_the_merged_one_closes_and_points_there(sent: Callable[..., Ticket], agent: User) -> None:
    one, other = sent(), sent()
    one.prioritise(Urgency.HIGH, actor=agent)
    one.merge_into(other, actor=agent)
    one, other = fresh(one), fresh(other)
    assert (one.state, one.closure, one.merged_into, one.merged_in) == (Status.CLOSED, "merged", other, 0)
    assert (other.state, other.merged_in, other.urgency) == (Status.ESCALATED, 1, Urgency.HIGH)
    kinds = Event.objects.filter(kind__in=["merged", "took_in"]).values_list("kind", "ticket", "actor")
    assert sorted(kinds) == [("merged", one.pk, agent.pk), ("took_in", other.pk, agent.pk)]
    assert Clock.objects.get(pk=one.pk).due_at is None
    assert Clock.objects.get(pk=other.pk).due_at is not None
    with pytest.raises(InvalidTransition, match=f"goes on in {other.reference}"):
        one.reply("Still there?", author=one.requester)


@pytest.mark.parametrize("step", ["wait", "resolve"])
def test_what_waits_for_the_team_brings_the_other_one_back(
    sent: Callable[..., Ticket], agent: User, step: str
) -> None:
    one, other, quiet = sent(), sent(), sent()
    for ticket in (other, quiet):
        ticket.reply("It is on its way.", author=agent)
        if step == "resolve":
            ticket.resolve(actor=agent)
    quiet.merge_into(other, actor=agent)
    assert fresh(other).state is (Status.RESOLVED if step == "resolve" else Status.PENDING)
    one.merge_into(fresh(other), actor=agent)
    other = fresh(other)
    assert (other.state, other.escalation_reason, other.reopen_count) == (Status.ESCALATED, "merged", 0)


def test_its_requester_is_told_where_it_goes_on(sent: Callable[..., Ticket], agent: User) -> None:
    one, other = sent("gus's browser", "Secret words"), sent("gus's mail")
    OutgoingMail.objects.all().delete()
    one.merge_into(other, actor=agent)
    mail = OutgoingMail.objects.get()
    assert mail.recipients == ["gus@example.com"]
    assert one.reference in mail.body and other.reference in mail.body and "/g/" in mail.body
    assert "Secret words" not in mail.body + mail.subject + mail.html_body


def test_a_program_is_told_nothing(sent: Callable[..., Ticket], agent: User) -> None:
    one, other = sent("gus's mail", machine_sent=True), sent("gus's mail")
    OutgoingMail.objects.all().delete()
    one.merge_into(other, actor=agent)
    assert not OutgoingMail.objects.exists()


# --- taking it back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["escalated", "pending", "resolved", "closed"])
def test_taken_back_it_stands_where_it_stood(sent: Callable[..., Ticket], agent: User, before: str) -> None:
    one, other = sent(body="Mine"), sent(body="Also mine")
    if before != "escalated":
        one.reply("Here.", author=agent)
    if before in {"resolved", "closed"}:
        one.resolve(actor=agent)
    if before == "closed":
        one.close(Closure.AGENT, actor=agent)
    stood = Ticket.objects.filter(pk=one.pk).values().get()
    one.merge_into(other, actor=agent)
    fresh(other).reply("Both are on their way.", author=agent)
    fresh(one).unmerge(actor=agent)
    stands = Ticket.objects.filter(pk=one.pk).values().get()
    assert {**stands, "updated_at": None} == {**stood, "updated_at": None}
    assert [m.body for m in fresh(other).conversation] == ["Also mine", "Both are on their way."]
    assert fresh(other).merged_in == 0
    with pytest.raises(MergeRefused, match="is not merged"):
        fresh(one).unmerge(actor=agent)


def test_what_was_never_judged_comes_back_to_a_person(
    requester: User, agent: User, sent: Callable[..., Ticket]
) -> None:
    one = submit_ticket(Submission(subject="Refund", body="Where?", requester=requester))
    one.merge_into(sent(), actor=agent)
    fresh(one).unmerge(actor=agent)
    assert (fresh(one).state, fresh(one).escalation_reason) == (Status.ESCALATED, "unmerged")


def test_merges_of_merged_ones_are_taken_back_one_by_one(sent: Callable[..., Ticket], agent: User) -> None:
    a, b, c = sent(body="a"), sent(body="b"), sent(body="c")
    a.merge_into(b, actor=agent)
    fresh(b).merge_into(c, actor=agent)
    assert (fresh(a).merged_into, fresh(b).merged_in, fresh(c).merged_in) == (c, 0, 2)
    assert [message.body for message in fresh(c).conversation] == ["a", "b", "c"]
    fresh(b).unmerge(actor=agent)
    assert (fresh(a).merged_into, fresh(b).merged_in, fresh(c).merged_in) == (b, 1, 0)
    assert [message.body for message in fresh(b).conversation] == ["a", "b"]
    fresh(a).unmerge(actor=agent)
    assert (fresh(a).merged_into, fresh(b).merged_in) == (None, 0)


def test_what_was_merged_elsewhere_since_stays_there(sent: Callable[..., Ticket], agent: User) -> None:
    a, b, c = sent(), sent(), sent()
    a.merge_into(b, actor=agent)
    fresh(b).merge_into(c, actor=agent)
    fresh(a).unmerge(actor=agent)
    fresh(a).merge_into(fresh(c), actor=agent)
    fresh(b).unmerge(actor=agent)
    assert (fresh(a).merged_into, fresh(b).merged_in, fresh(c).merged_in) == (c, 0, 1)


# --- who reads what ---------------------------------------------------------------------------------------------


@pytest.fixture
def joined(sent: Callable[..., Ticket], agent: User) -> tuple[Ticket, Ticket]:
    """Sent as a guest from Rita's address, merged into a ticket of her account."""
    file = SimpleUploadedFile("bill.txt", b"bill")
    one, other = sent("rita's browser", "From my phone", files=[file]), sent("rita", "From my desk")
    one.note("Team only", author=agent)
    one.merge_into(other, actor=agent)
    return fresh(one), fresh(other)


def test_the_requester_reads_both_on_one_page(
    web: Callable[..., Client], joined: tuple[Ticket, Ticket], requester: User, stranger: User
) -> None:
    _, other = joined
    page = web(requester).get(other.get_absolute_url()).content.decode()
    assert "From my phone" in page and "From my desk" in page and "bill.txt" in page
    assert "Team only" not in page
    assert web(stranger).get(other.get_absolute_url()).status_code == 404
    live = f"{other.get_absolute_url()}live/"
    tag = web(requester).get(live)["ETag"]
    assert web(requester).get(live, headers={"If-None-Match": tag}).status_code == 304


def test_files_go_along_notes_do_not(joined: tuple[Ticket, Ticket], requester: User, stranger: User) -> None:
    read = access.readable_messages(Viewer(requester)).values_list("body", flat=True)
    assert sorted(read) == ["From my desk", "From my phone"]
    assert not access.readable_messages(Viewer(stranger)).exists()


def test_a_guest_s_browser_reads_its_own_words_and_no_word_of_the_account(
    web: Callable[..., Client], joined: tuple[Ticket, Ticket]
) -> None:
    """Whoever sent it had claimed Rita's address; only she reads on."""
    one, other = joined
    browser = web()
    session = browser.session
    session[access.GUEST_SESSION_KEY] = [one.reference, other.reference]
    session.save()
    page = browser.get(one.get_absolute_url()).content.decode()
    assert "From my phone" in page and "This goes on in another ticket" in page
    assert other.reference not in page and "From my desk" not in page
    assert browser.get(other.get_absolute_url()).status_code in {302, 404}


def test_the_old_page_says_where_it_goes_on(
    web: Callable[..., Client], sent: Callable[..., Ticket], requester: User, agent: User
) -> None:
    one, other = sent(body="a"), sent(body="b")
    one.merge_into(other, actor=agent)
    page = web(requester).get(one.get_absolute_url()).content.decode()
    assert f'href="{other.get_absolute_url()}"' in page
    assert "follow-up" not in page
    follow_up = web(requester).get(f"{one.get_absolute_url()}follow-up/")
    assert follow_up.status_code == 302 and follow_up["Location"] == one.get_absolute_url()


def test_programs_learn_it_too(
    api: Callable[..., APIClient], sent: Callable[..., Ticket], requester: User, agent: User
) -> None:
    one, other = sent(body="a"), sent(body="b")
    one.merge_into(other, actor=agent)
    client = api(requester)
    assert client.get(f"/api/tickets/{one.reference}").data["merged_into"] == other.reference
    said = client.get(f"/api/tickets/{other.reference}").data
    assert (said["merged_into"], [message["body"] for message in said["messages"]]) == (None, ["a", "b"])
    refused = client.post(f"/api/tickets/{one.reference}/messages", {"body": "Hello"}, format="json")
    assert refused.status_code == 409 and other.reference in str(refused.data)


def test_a_ticket_without_merges_costs_no_query_more(
    sent: Callable[..., Ticket], agent: User, django_assert_num_queries: Callable[[int], object]
) -> None:
    one, other = sent(), sent()
    with django_assert_num_queries(1):
        assert len(one.conversation) == 1
    one.merge_into(other, actor=agent)
    other = fresh(other)
    with django_assert_num_queries(1):
        assert len(other.conversation) == 2


def test_a_merged_one_is_no_model_for_others(sent: Callable[..., Ticket], agent: User) -> None:
    one, other = sent(), sent()
    one.merge_into(other, actor=agent)
    assert not Ticket.objects.all().settled().exists()
    assert Message.objects.filter(ticket=one).count() == 1  # its words stay where they were written


def test_an_account_and_a_colleague_of_the_same_house_are_two(
    sent: Callable[..., Ticket], agent: User
) -> None:
    colleague = person("rita+work@example.com", Role.REQUESTER, "Rita's colleague")
    one = submit_ticket(Submission(subject="x", body="y", requester=colleague))
    assert "different people" in merge_refusal(one, sent("rita"))
