"""What a program's request means for the only way in."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from accounts.models import User
from tickets.intake.once import caller_key
from tickets.intake.submit import Submission
from tickets.models import Channel


def with_files(request: Request) -> bool:
    return (request.content_type or "").startswith("multipart/")


def submission(user: User, wish: dict[str, Any], key: str) -> Submission:
    """Who asks for what; agents may ask on behalf of somebody else."""
    behalf = wish.get("requester_email")
    return Submission(
        subject=wish["subject"],
        body=wish["body"],
        human_requested=wish["human_requested"],
        files=wish.get("files", ()),
        requester=None if behalf else user,
        guest_email=behalf or "",
        guest_name=wish.get("requester_name", ""),
        channel=Channel.API,
        external_id=caller_key(user, key),
    )
