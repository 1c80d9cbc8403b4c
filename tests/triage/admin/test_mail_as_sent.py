"""The frame that shows a mail as it was sent: for agents, on its own ticket, with its own policy."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from django.test import Client

from accounts.models import User
from tickets.channels.email.models import InboundMail, RawMail
from tickets.channels.email.taking import take

HTML = '<p>Where is <b>my parcel</b>?</p><img src="https://tracker.example/1.gif"><script>alert(1)</script>'


@pytest.fixture
def row(db: None) -> InboundMail:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "gina@example.org", "My parcel", "<1@example.org>"
    mail.set_content("Where is my parcel?")
    mail.add_alternative(HTML, subtype="html")
    return take(mail.as_bytes())[0]


def address(row: InboundMail) -> str:
    return f"/admin/desk/{row.ticket_id}/mails/{row.pk}/"


def test_the_mail_is_shown_with_its_own_policy(client: Client, agent: User, row: InboundMail) -> None:
    client.force_login(agent)
    response = client.get(address(row))
    page = response.content.decode()
    assert "<b>my parcel</b>" in page
    assert "script" not in page
    assert "tracker.example" not in page
    assert "1 picture of other servers is not loaded" in page
    policy = response["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "img-src data:;",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups",
    ):
        assert part in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in response["Cache-Control"]


def test_pictures_of_others_only_when_asked_for(client: Client, agent: User, row: InboundMail) -> None:
    client.force_login(agent)
    response = client.get(address(row), {"pictures": "on"})
    assert "https://tracker.example/1.gif" in response.content.decode()
    assert "img-src data: https:;" in response["Content-Security-Policy"]
    assert "https:" not in client.get(address(row), {"pictures": "yes"})["Content-Security-Policy"]


def test_on_the_ticket_it_is_folded_in_a_frame_that_can_do_nothing(
    client: Client, agent: User, row: InboundMail
) -> None:
    client.force_login(agent)
    page = client.get(f"/admin/tickets/ticket/{row.ticket_id}/change/").content.decode()
    frame = page[page.index("<iframe") :].partition(">")[0]
    assert f'src="{address(row)}"' in frame
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "frame-src" not in page


def test_a_mail_of_another_ticket_is_not_there(client: Client, agent: User, row: InboundMail) -> None:
    client.force_login(agent)
    assert client.get(f"/admin/desk/{(row.ticket_id or 0) + 1}/mails/{row.pk}/").status_code == 404


def test_it_says_when_the_mail_is_no_longer_kept(client: Client, agent: User, row: InboundMail) -> None:
    client.force_login(agent)
    RawMail.objects.all().delete()
    assert "no longer kept as it came" in client.get(address(row)).content.decode()


def test_it_says_when_the_layout_is_too_large(client: Client, agent: User, row: InboundMail) -> None:
    client.force_login(agent)
    RawMail.objects.update(
        content=b"From: a@example.org\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 1_000
    )
    assert "too large to be shown" in client.get(address(row)).content.decode()
