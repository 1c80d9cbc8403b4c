"""Invitations, and the links that stand in their mails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from tickets.invitations import inviting
from tickets.invitations.models import Invitation
from tickets.models import OutgoingMail

NEW = "nina@example.com"
JOINING = {"name": "Nina New", "password1": "Long-walks-on-Sunday-7", "password2": "Long-walks-on-Sunday-7"}


def last_link() -> str:
    """The path of the link in the mail that was written last."""
    found = re.search(r"http://\S+?(/join/\S+)", OutgoingMail.objects.latest("pk").body)
    assert found
    return found[1]


@pytest.fixture
def invited(supervisor: User) -> Callable[..., tuple[Invitation, str]]:
    def go(email: str = NEW, role: str = "agent", *, by: User | None = None, **more: Any) -> Any:
        invitation = inviting.invite(email, role, by=by or supervisor, **more)
        return invitation, last_link()

    return go
