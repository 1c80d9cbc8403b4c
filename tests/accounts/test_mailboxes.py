"""No address that mail cannot be sent to as it stands gets in, whichever way it comes."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.mailboxes import mailbox_of, normalize, validate_address
from accounts.models import User
from tests.conftest import PASSWORD
from tickets.models import OutgoingMail, Ticket

pytestmark = pytest.mark.django_db
BAD = [
    '"a\x0cb"@ex.org',
    '"a b"@ex.org',
    '"a\x7fb"@ex.org',
    "a\u200bb@ex.org",
    "a@ex.org\x0b.de",
    f"{'a' * 250}@ex.org",
    "a@b",
    "müller@ex.org",  # mail leaves without SMTPUTF8
]


@pytest.mark.parametrize("address", BAD)
def test_it_is_refused_everywhere(web, api, agent, supervisor, tmp_path, engine, address):
    password = {"password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}
    web().post("/tickets/new/", {"email": address, "body": "Where?"})
    web().post("/accounts/signup/", {"email": address, "name": "N", **password})
    web().post("/accounts/password/reset/", {"email": address})
    web(agent).post("/accounts/email/", {"email": address, "action_add": ""})
    web(supervisor).post("/admin/accounts/user/add/", {"email": address, "name": "N", "role": "agent"})
    answers = [
        api().post("/api/auth/register", {"email": address, "name": "N", "password": PASSWORD}),
        api().post("/api/auth/login", {"email": address, "password": PASSWORD}),
        api(agent).post("/api/tickets", {"requester_email": address, "body": "Where?"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    file = tmp_path / "past.jsonl"
    file.write_text(json.dumps({"requester_email": address, "body": "Where?"}))
    with pytest.raises(CommandError):
        call_command("import_tickets", str(file))
    with pytest.raises(ValidationError):
        User.objects.create_user(address)
    assert not Ticket.objects.exists() and not OutgoingMail.objects.exists()
    assert set(User.objects.all()) == {agent, supervisor}


@pytest.mark.parametrize("address", ["o'neil+tag@ex.org", "a.b-c_d@sub.ex.org", "x@bücher.example"])
def test_unusual_addresses_are_taken(address):
    validate_address(address)


def test_an_address_is_kept_in_lower_case_whichever_way_it_comes(web, api, agent, engine):
    web().post("/tickets/new/", {"email": " Gus@Example.COM ", "body": "Where?"})
    api(agent).post("/api/tickets", {"requester_email": " Gus@Example.COM", "body": "Where?"})
    assert set(Ticket.objects.values_list("requester_email", flat=True)) == {"gus@example.com"}
    assert Ticket.objects.count() == 2


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Gus+news@Example.com", "gus@example.com"),
        ("g.u.s+1@googlemail.com", "gus@gmail.com"),
        ("g.us@example.com", "g.us@example.com"),
        ("+only@example.com", "+only@example.com"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_spellings_of_one_mailbox_have_one_name(address, mailbox):
    assert mailbox_of(address) == mailbox
    assert mailbox_of(normalize(address)) == mailbox
