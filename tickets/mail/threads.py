"""What keeps a conversation by mail together: signed reply addresses and message ids, which prove themselves.

Neither needs a table: each carries the ticket's reference and a signature with SECRET_KEY. Whether replies are read at
all is known to the channel that reads them; it says so by :func:`use_mailbox`.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

if TYPE_CHECKING:
    from tickets.models import Ticket

SIGNATURE_CHARS: Final = 16  # of base32: 80 bits
_TAG: Final = re.compile(
    r"([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})(?:-a(\d{1,18}))?-([a-z2-7]{16})", re.IGNORECASE
)
_ID: Final = re.compile(
    r"[0-9a-z]{1,40}\.([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})\.([a-z2-7]{16})@", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """Where replies on a ticket go, and the ids of the mails that came for it, the last one last."""

    address: str  # of the mailbox that is read
    name: str = ""
    message_ids: tuple[str, ...] = ()


Reader = Callable[["Ticket | None"], Incoming | None]
_reader: Reader | None = None


def use_mailbox(reader: Reader | None) -> None:
    """Ask ``reader`` where replies on a ticket go, None: for a new one; it answers None where mail is not read."""
    global _reader
    _reader = reader


def incoming(ticket: Ticket | None = None) -> Incoming | None:
    return _reader(ticket) if _reader is not None else None


def is_read() -> bool:
    """Whether somebody reads what is sent in reply to our mails."""
    return incoming() is not None


@dataclass(frozen=True, slots=True)
class Tag:
    """What a signed address says: the ticket, and the agent whom it was made for."""

    reference: str
    agent: int | None = None


def reply_address(mailbox: str, reference: str, *, agent: int | None = None) -> str:
    """The address of ``mailbox`` that brings a reply to this ticket, and only to it."""
    local, _, domain = mailbox.partition("@")
    tag = f"{reference.lower()}{f'-a{agent}' if agent else ''}"
    return f"{local}+{tag}-{_signature('reply', tag)}@{domain}"


def read_address(address: str) -> Tag | None:
    """What a signed address says; None for any other address and for a forged one."""
    found = _TAG.fullmatch(address.partition("@")[0].rpartition("+")[2])
    if found is None:
        return None
    reference, agent, signature = found.groups()
    tag = f"{reference.lower()}{f'-a{agent}' if agent else ''}"
    if not constant_time_compare(_signature("reply", tag), signature.lower()):
        return None
    return Tag(reference.upper(), int(agent) if agent else None)


def new_message_id(reference: str) -> str:
    """An id for one mail on a ticket, with its brackets."""
    return _message_id(uuid.uuid4().hex, reference)


def thread_id(reference: str) -> str:
    """The id of a mail that was never sent, which all mails on a ticket refer to: mail programs gather them by it."""
    return _message_id("0", reference)


def reference_in_id(message_id: str) -> str | None:
    """The ticket whose mail has this id; None for an id that we did not make."""
    found = _ID.match(message_id.strip("<> "))
    if found is None:
        return None
    reference, signature = found.groups()
    good = constant_time_compare(_signature("message", reference.upper()), signature.lower())
    return reference.upper() if good else None


def _message_id(unique: str, reference: str) -> str:
    domain = settings.SUPPORT_EMAIL.rpartition("@")[2] or "localhost"
    return f"<{unique}.{reference}.{_signature('message', reference)}@{domain}>"


def _signature(salt: str, value: str) -> str:
    digest = salted_hmac(f"tickets.mail.{salt}", value, algorithm="sha256").digest()
    return base64.b32encode(digest).decode()[:SIGNATURE_CHARS].lower()
