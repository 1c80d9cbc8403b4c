"""The ticket's page asks ten queries at most, whatever is on the ticket, and shows all of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.desk import drafts
from tickets.desk.models import HeldReply
from tickets.fields import filling
from tickets.fields.models import Field
from tickets.following import followers
from tickets.links import linking
from tickets.models import Message, Ticket
from tickets.tags import tagging
from tickets.teams.models import Absence, Membership, Team
from triage.core.types import SimilarTicket
from triage.models import Intent, LanguageMode, Mode

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
MOST = 10
LARGEST = 60_000  # bytes of HTML


def page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


@pytest.fixture
def crowd(
    submit: Callable[..., Ticket],
    engine: FakeEngine,
    refund_intent: Intent,
    requester: User,
    stranger: User,
    agent: User,
    other_agent: User,
) -> Callable[[int], Ticket]:
    """A ticket with ``number`` of everything that its page can show."""

    def made(number: int) -> Ticket:
        engine.says(refund_intent.slug, 0.6)
        settled = [submit(requester=stranger, subject=f"Settled {number}.{at}") for at in range(number)]
        for one in settled:
            one.reply(f"Five days for {one.subject}.", author=agent)
            one.resolve(actor=agent)
        similar = tuple(SimilarTicket(one.pk, 0.9, refund_intent.slug) for one in settled)
        engine.says(refund_intent.slug, 0.6, similar=similar)
        ticket = submit(requester=requester)
        for at in range(number):
            _add(ticket, f"{number}.{at}")
        ticket.refresh_from_db()
        return ticket

    def _add(ticket: Ticket, mark: str) -> None:
        submit(requester=requester, subject=f"Other {mark}")
        linking.link(ticket, submit(requester=stranger, subject=f"Linked {mark}"), by=agent)
        merged = submit(requester=requester, subject=f"Merged {mark}")
        merged.merge_into(Ticket.objects.get(pk=ticket.pk), actor=agent)
        colleague = User.objects.create_user(f"c{mark}@example.com", name=f"Colleague {mark}", role="agent")
        Absence.objects.create(agent=colleague, first_day="2020-01-01", last_day="2100-01-01")
        followers.follow(ticket, colleague)
        ticket.copies.create(address=f"copy{mark}@example.com", way="team")
        tagging.put(ticket, [f"tag{mark}"], by=agent)
        field = Field.objects.create(name=f"Field {mark}")
        filling.fill(ticket, {field.pk: f"Value {mark}"}, by=agent)
        ticket.note(f"@Anna Agent, look at {mark}.", author=other_agent)
        message = ticket.note(f"Note {mark}", author=colleague)
        message.attachments.create(
            file=ContentFile(b"x", name="a.txt"), name=f"sent{mark}.txt", content_type="text/plain", size=1
        )
        drafts.keep(agent, ticket, {"reply": f"Draft {mark}"})
        for for_note in (False, True):
            file = SimpleUploadedFile(f"kept{mark}{for_note}.txt", b"x", "text/plain")
            drafts.keep_files(agent, ticket, [file], for_note=for_note)
        elsewhere = submit(requester=stranger)
        HeldReply.objects.create(
            ticket=elsewhere, author=agent, body="x", seen=0, once=uuid.uuid4(),
            send_at=timezone.now() + timedelta(seconds=10),
        )  # fmt: skip
        LanguageMode.objects.update_or_create(
            intent=Intent.objects.get(), language="en", defaults={"mode": Mode.SUGGEST}
        )

    return made


def queries(client: Client, ticket: Ticket) -> tuple[int, str]:
    client.get(page(ticket))
    with CaptureQueriesContext(connection) as asked:
        response = client.get(page(ticket))
    assert response.status_code == 200
    assert len(response.content) <= LARGEST
    return len(asked), response.content.decode()


def test_it_asks_as_often_for_many_as_for_one(web: Web, crowd: Callable[[int], Ticket], agent: User) -> None:
    client = web(agent)
    few, _ = queries(client, crowd(1))
    ticket = crowd(4)
    many, shown = queries(client, ticket)
    assert many <= few <= MOST
    for at in range(4):
        for words in ("Settled", "Five days for Settled", "Other", "Linked", "Merged", "Colleague", "Value"):
            assert f"{words} 4.{at}" in shown, words
        for words in ("copy", "tag", "sent"):
            assert f"{words}4.{at}" in shown, words
        assert f"Colleague 4.{at} (away)" in shown
        assert f"kept4.{at}False.txt" in shown and f"kept4.{at}True.txt" in shown
    assert "Draft 4.3</textarea>" in shown and "Otto Other mentions you:" in shown
    assert shown.count("goes out") == 5
    Message.objects.bulk_create(Message(ticket=ticket, sender="requester", body="More.") for _ in range(40))
    assert queries(client, ticket)[0] <= few


def test_a_closed_team_s_members_cost_nothing_more(
    web: Web, crowd: Callable[[int], Ticket], agent: User, other_agent: User
) -> None:
    ticket, team = crowd(1), Team.objects.create(name="Fraud", is_closed=True)
    Membership.objects.create(team=team, agent=agent)
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    number, shown = queries(web(agent), ticket)
    assert number <= MOST
    offered = shown.partition('id="id_assignee"')[2].partition("</select>")[0]
    assert str(agent) in offered and str(other_agent) not in offered


def test_a_corrected_intent_costs_its_text_and_the_house_s_facts(
    web: Web, crowd: Callable[[int], Ticket], agent: User, supervisor: User
) -> None:
    ticket = crowd(1)
    ticket.decisions.get().correct(Intent.objects.get(), by=supervisor)
    assert queries(web(agent), ticket)[0] <= MOST + 2


def test_tickets_of_a_closed_team_are_named_to_nobody_else(
    web: Web, crowd: Callable[[int], Ticket], agent: User
) -> None:
    ticket, team = crowd(1), Team.objects.create(name="Fraud", is_closed=True)
    Ticket.objects.exclude(pk=ticket.pk).filter(merged_into=None).update(team=team)
    _, shown = queries(web(agent), ticket)
    for words in ("Settled 1.0", "Other 1.0", "Linked 1.0"):
        assert words not in shown
