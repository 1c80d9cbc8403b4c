"""What customers read of states and buttons: one place, so that page, mail and list say the same."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.states import Status

STATUS: Final[dict[str, str | Promise]] = {
    Status.OPEN: _("Received"),
    Status.AUTO_RESOLVED: _("Answered"),
    Status.ESCALATED: _("With our team"),
    Status.PENDING: _("Waiting for you"),
    Status.RESOLVED: _("Answered"),
    Status.CLOSED: _("Closed"),
}

#: Buttons and links that stand in more than one place.
ACTIONS: Final[dict[str, str | Promise]] = {
    "ask": _("Ask a question"),
    "help": _("Help centre"),
    "send": _("Send"),
    "continue": _("Continue"),
    "reply": _("Send reply"),
    "solved": _("Yes, that’s solved"),
    "not_solved": _("No, I need a person"),
    "person": _("Talk to a person"),
    "follow_up": _("Write a follow-up"),
    "undo": _("Undo"),
    "close": _("I don’t need an answer any more"),
    "log_in": _("Log in"),
    "log_out": _("Log out"),
    "sign_up": _("Sign up"),
    "my_tickets": _("My tickets"),
    "save": _("Save"),
    "home": _("Go to the home page"),
}


def status(code: str) -> str:
    return str(STATUS.get(code, code))


def action(code: str) -> str:
    return str(ACTIONS[code])
