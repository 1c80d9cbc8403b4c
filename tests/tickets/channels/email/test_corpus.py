"""Mails of every kind that people and programs send, each in a file, and what must come of it.

Every one is handed over to the same house in which Gina has an open ticket that Anna has answered. ``corpus/cases.toml`` says
what the mail is and what is expected; in the mails ``%%…%%`` stands for what only a running house can make.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Role, User
from tests.tickets.channels.email.conftest import MAILBOX, Take, last_mail, mail
from tickets.channels.email.account import account
from tickets.channels.email.models import InboundMail, Outcome
from tickets.mail import threads
from tickets.models import Message, Ticket

CORPUS = Path(__file__).parent / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text(encoding="utf-8"))["case"]


@dataclass
class House:
    ticket: Ticket
    agent: User
    marks: dict[str, str]


@pytest.fixture
def house(hand_over: Take) -> House:
    agent = User.objects.create_user("anna@example.com", "x" * 20, role=Role.AGENT, name="Anna Agent")
    ticket = hand_over(mail("Where is my parcel?")).ticket
    ticket.escalate("low_confidence")
    ticket.reply("Your parcel left our house on Monday.", author=agent)
    address = threads.reply_address(MAILBOX, ticket.reference)
    ours = last_mail().message_id
    changed = {"a": "b"}
    forged_id = ours.replace(ours[-20:], "".join(changed.get(sign, "a") for sign in ours[-20:]))
    return House(
        ticket,
        agent,
        {
            "REPLY_TO": address,
            "REPLY_TO_UPPER": address.upper(),
            "FORGED": _with_another_letter(address),
            "OUR_ID": ours,
            "OUR_ID_BARE": ours.strip("<>"),
            "FORGED_ID": forged_id,
            "THREAD_ID": threads.thread_id(ticket.reference),
            "REFERENCE": ticket.reference,
            "REFERENCE_LOWER": ticket.reference.lower(),
            "AGENT_REPLY_TO": threads.reply_address(MAILBOX, ticket.reference, agent=agent.pk),
        },
    )


def _with_another_letter(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"


def _bytes_of(case: dict[str, Any], house: House) -> bytes:
    raw = (CORPUS / f"{case['mail']}.eml").read_bytes()
    for name, value in house.marks.items():
        raw = raw.replace(f"%%{name}%%".encode(), value.encode())
    return raw


@pytest.mark.parametrize("group", sorted({case["mail"].split("/")[0] for case in CASES}))
def test_what_comes_of_a_mail(group: str, house: House, hand_over: Take) -> None:
    """Each mail meets the same house: what it changed is taken back before the next one comes."""
    wrong: dict[str, str] = {}
    for case in CASES:
        if case["mail"].startswith(f"{group}/"):
            with transaction.atomic():
                try:
                    _check(case, hand_over(_bytes_of(case, house)), house)
                except AssertionError as error:
                    wrong[case["mail"]] = f"{case['about']}: {error}"
                transaction.set_rollback(True)
    assert not wrong, "\n".join(f"{mail}: {why}" for mail, why in wrong.items())


def _check(case: dict[str, Any], row: InboundMail, house: House) -> None:
    assert row.outcome in case.get("outcomes", [case["outcome"]]), (row.outcome, row.reason)
    assert case.get("reason", "") in row.reason, row.reason
    if "on_ticket" in case:
        assert (row.ticket == house.ticket) == case["on_ticket"], row.reason
    if "remark" in case:
        assert any(case["remark"] in remark for remark in row.remarks), row.remarks
    for words in case.get("quoted_has", []):
        assert words in " ".join(row.quoted.split()), row.quoted
    if row.outcome in {Outcome.TICKET, Outcome.REPLY}:
        _check_words(case, row)
    assert not account().missing


def _check_words(case: dict[str, Any], row: InboundMail) -> None:
    message, ticket = row.message, row.ticket
    assert message is not None
    assert ticket is not None
    if "own" in case:
        assert message.body == case["own"], message.body
    for words in case.get("own_has", []):
        assert words in message.body, message.body
    if "subject" in case:
        assert ticket.subject == case["subject"], ticket.subject
    if "subject_has" in case:
        assert case["subject_has"] in ticket.subject, ticket.subject
    if "sender" in case:
        assert ticket.requester_email.lower() == case["sender"], ticket.requester_email
    if "writer" in case:
        assert ticket.requester_name == case["writer"], ticket.requester_name
    if "files" in case:
        names = sorted(file.name for file in message.attachments.all())
        assert names == sorted(case["files"]), names
    if "machine" in case:
        assert ticket.machine_sent == case["machine"], row.reason
    if "author" in case:
        assert message.sender == Message.Sender(case["author"])
    assert ticket.subject.strip()
    assert message.body.strip()


def test_every_mail_of_the_folder_has_a_case() -> None:
    files = {str(path.relative_to(CORPUS).with_suffix("")) for path in CORPUS.rglob("*.eml")}
    assert files == {case["mail"] for case in CASES}
    assert len(CASES) >= 250
