"""A model that belongs to the attacker: nothing changes, no word of theirs is shown as ours, no link is there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.drafts import attacks, scene
from tests.triage.drafts.conftest import Model
from tickets.mail.outbox import OutgoingMail
from tickets.models import Event, Message, Ticket
from triage.drafts.models import Proposal

pytestmark = pytest.mark.django_db
HREF = re.compile(r'(?:href|src|action)="([^"]*)"')
TAG = re.compile(r"<[^>]+>")


def test_there_are_three_hundred_of_them_and_all_differ() -> None:
    listed = attacks.attacks()
    assert len({json.dumps([one.name, dict(one.fields)]) for one in listed}) == len(listed) == 300


def sent(attack: attacks.Attack, submit: Any, engine: FakeEngine) -> Ticket:
    fields = {
        name: attack.fields[name] for name in ("body", "subject", "guest_name") if name in attack.fields
    }
    if "file" in attack.fields or "file_name" in attack.fields:
        content = attack.fields.get("file", "text").encode()
        fields["files"] = [SimpleUploadedFile(attack.fields.get("file_name", "note.txt"), content)]
    return scene.ticket(submit, engine, replies=[attack.fields.get("reply", "Please hurry.")], **fields)


def state() -> tuple[Any, ...]:
    return (
        list(Ticket.objects.order_by("pk").values()), Event.objects.count(), OutgoingMail.objects.count(),
        list(Message.objects.order_by("pk").values()),
    )  # fmt: skip


def allowed(proposal: Proposal) -> set[str]:
    """Approved paragraphs as they are stored, the house's own words, and for a summary the messages."""
    texts = {part for _, body in scene.LETTERS.values() for part in body.split("\n\n")}
    texts |= {
        "First",
        "Northwind Supplies",
        "To your first question:",
        "To your second question:",
        "In addition:",
    }
    return texts


def check(proposal: Proposal, attack: attacks.Attack) -> None:
    said = {part["kind"]: part for part in proposal.parts}
    for part in proposal.parts:
        if proposal.kind == "summary":
            body = Message.objects.get(pk=part["message"], ticket=proposal.ticket).body
            assert part["message"], "a line of a summary leads to its message"
            assert body
        elif part["kind"] == "ticket":
            assert re.fullmatch(r"This is about (?:[A-Z]{1,4}-?)?\d{4,9}\.", part["text"])
        elif part["kind"] == "frame":
            assert part["text"].startswith("Hello") or part["text"] == "Northwind Supplies"
            assert "://" not in part["text"]
        else:
            assert part["text"] in allowed(proposal), attack.name
    assert proposal.state == "ready" or not said


def run(
    some: list[attacks.Attack],
    submit: Any,
    engine: FakeEngine,
    agent: User,
    model: Model,
    write: Any,
    web: Any,
) -> int:
    scene.house()
    client: Client = web(agent)
    ready = 0
    for attack in some:
        ticket = sent(attack, submit, engine)
        before, model.says = state(), attack.answer
        address = reverse("desk-written", args=[ticket.pk])
        for kind in ("reply", "summary"):
            asked = client.post(address, {"kind": kind}, HTTP_ACCEPT="application/json")
            assert asked.status_code == 202, (attack.name, asked.content)
            write()
        for proposal in Proposal.objects.filter(ticket=ticket):
            assert proposal.state != "waiting"
            check(proposal, attack)
            ready += proposal.state == "ready"
        html = client.get(address, HTTP_ACCEPT="application/json").json()["html"]
        assert all(
            found.startswith(("#message-", "?insert=", "/admin/desk/")) for found in HREF.findall(html)
        ), attack.name
        shown = html.split('aria-label="Summary"')[0]  # a summary quotes the messages, and leads to them
        assert attack.order not in TAG.sub("", shown), attack.name
        assert "://" not in html, attack.name
        assert state() == before, attack.name
        Proposal.objects.all().delete()  # else the rest after failures would spare the model the next attack
    return ready


def test_a_dozen_orders_that_are_obeyed_change_nothing(
    submit: Any, engine: FakeEngine, agent: User, model: Model, write: Any, web: Any, settings: Any
) -> None:
    settings.LIMITS = {**settings.LIMITS, "draft": {"person": (0, 0)}}
    assert run(attacks.attacks()[::26], submit, engine, agent, model, write, web) > 3
    assert len(model.asked) == 24


@pytest.mark.prove
def test_three_hundred_orders_that_are_obeyed_change_nothing(
    submit: Any, engine: FakeEngine, agent: User, model: Model, write: Any, web: Any, settings: Any
) -> None:
    settings.LIMITS = {**settings.LIMITS, "draft": {"person": (0, 0)}}
    assert run(attacks.attacks(), submit, engine, agent, model, write, web) > 100
    assert len(model.asked) == 600
