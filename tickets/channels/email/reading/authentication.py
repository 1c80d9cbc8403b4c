"""Whether the address that a mail says it comes from is its sender's: our own mail server's word, and nobody else's."""

from __future__ import annotations

import re
from typing import Final

from tickets.channels.email.models import Mailbox
from tickets.channels.email.reading.parts import Mail

_RESULT: Final = re.compile(r"\b(dmarc|dkim|spf)\s*=\s*(\w+)([^;]*)", re.IGNORECASE)
_DOMAIN: Final = re.compile(
    r"(?:header\.(?:d|i|from)|smtp\.mailfrom)\s*=\s*(?:[^\s@;]*@)?([\w.-]+)", re.IGNORECASE
)


def is_verified(mail: Mail, mailbox: Mailbox | None) -> bool:
    """DMARC passed, or DKIM or SPF did for the sender's own domain, by the topmost header of the trusted server.

    RFC 8601: headers of the same name further down may have come with the mail.
    """
    trusted = mailbox.trusted_server.strip().casefold() if mailbox else ""
    top = mail.header("authentication-results")
    if not trusted or top.split(";")[0].split(" ")[0].strip().casefold() != trusted:
        return False
    domain = mail.sender.key.rpartition("@")[2]
    for method, verdict, properties in _RESULT.findall(top):
        if verdict.lower() != "pass":
            continue
        signed = {found.casefold() for found in _DOMAIN.findall(properties)}
        if method.lower() == "dmarc" and (not signed or domain in signed):
            return True
        if domain and any(domain == one or domain.endswith(f".{one}") for one in signed):
            return True
    return False
