"""What an API token may be used for. It narrows what its person may do, and never adds to it.

Each view of the API says in ``needs`` which scope each of its methods takes; a view that says nothing is closed to API
tokens, and a test fails. A log-in with a password is the person, and is narrowed by nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.permissions import AllowAny

from accounts.models import User


class Scope(StrEnum):
    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    ASK = "ask"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    EVENTS_READ = "events:read"
    ADMIN_READ = "admin:read"
    ADMIN_WRITE = "admin:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


#: What each is called on pages; those of customers in their language.
WORDS: Final[dict[Scope, Any]] = {
    Scope.TICKETS_READ: _("Read tickets and their files"),
    Scope.TICKETS_WRITE: _("Send tickets, replies and feedback"),
    Scope.ASK: _("Ask questions, with answers at once"),
    Scope.TOKENS_READ: _("See your tokens"),
    Scope.TOKENS_WRITE: _("Revoke your tokens and end your log-ins"),
    Scope.EVENTS_READ: "Follow what happens to all tickets",
    Scope.ADMIN_READ: "Read metrics and policy",
    Scope.ADMIN_WRITE: "Change intents, answers and policy",
    Scope.WEBHOOKS_READ: "See webhooks and their deliveries",
    Scope.WEBHOOKS_WRITE: "Set up webhooks",
}
AGENTS_ONLY: Final = frozenset({Scope.EVENTS_READ})
SUPERVISORS_ONLY: Final = frozenset(
    {Scope.ADMIN_READ, Scope.ADMIN_WRITE, Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE}
)


AUDITORS: Final = frozenset(
    {Scope.TICKETS_READ, Scope.TOKENS_READ, Scope.TOKENS_WRITE, Scope.EVENTS_READ, Scope.ADMIN_READ}
)


class OutOfScope(exceptions.PermissionDenied):
    """RFC 6750, section 3.1: the token is good, but not for this."""

    default_code = "insufficient_scope"

    def __init__(self, scope: Scope | None) -> None:
        super().__init__(
            f"This token lacks the scope “{scope}”." if scope else "API tokens are not accepted here. Log in."
        )
        named = f', scope="{scope}"' if scope else ""
        self.auth_header = f'Bearer error="insufficient_scope"{named}'


def offered_to(user: User) -> list[Scope]:
    """What makes sense for this person; a token for more would open nothing."""
    if user.is_auditor:
        return [scope for scope in Scope if scope in AUDITORS]
    closed = (frozenset() if user.is_agent else AGENTS_ONLY) | (
        frozenset() if user.is_supervisor else SUPERVISORS_ONLY
    )
    return [scope for scope in Scope if scope not in closed]


def needed(view: Any, method: str) -> Scope | None:
    """The scope that this method of a view takes; None where it says none."""
    scope: Scope | None = getattr(view, "needs", {}).get("GET" if method == "HEAD" else method)
    return scope


def is_open(view: Any) -> bool:
    """Whether it answers everybody, also without a token."""
    return AllowAny in view.permission_classes


def check(held: frozenset[str], view: Any, method: str) -> None:
    """Return where a token with these scopes may call the view. What it does not do at all, it says itself."""
    if is_open(view) or method == "OPTIONS" or not hasattr(view, method.lower()):
        return
    scope = needed(view, method)
    if scope is None or scope not in held:
        raise OutOfScope(scope)
