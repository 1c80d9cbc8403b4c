"""What mail servers say of our mail, noted on the ticket and at the address."""

from __future__ import annotations

from typing import Final

from django.db.models import F
from django.utils import timezone

from tickets.audit import register_kinds
from tickets.channels.email.models import AddressTrouble
from tickets.channels.email.reading.machines import Report
from tickets.mail import sent, threads
from tickets.models import Ticket

BOUNCED: Final = "mail_bounced"
register_kinds({BOUNCED: "Mail did not arrive"})

_WORDS: Final = {
    "failed": "A mail of ours did not arrive",
    "delayed": "A mail of ours is delayed",
    "delivered": "A mail of ours arrived",
    "complaint": "A mail of ours was reported as unwanted",
}

_STATES: Final = {
    "failed": sent.State.FAILED,
    "delayed": sent.State.DELAYED,
    "delivered": sent.State.DELIVERED,
    "complaint": sent.State.UNWANTED,
}


def note(report: Report) -> tuple[Ticket | None, str]:
    """Note a report on the ticket that the mail belonged to, if it was ours; the ticket, and the words for it."""
    reference = next(filter(None, map(threads.reference_in_id, report.message_ids)), None)
    for internet_id in report.message_ids:
        sent.note(internet_id, _STATES[report.kind], report.status)
    ticket = Ticket.objects.filter(reference=reference).first() if reference else None
    said = f"{_WORDS[report.kind]}{f' ({report.status})' if report.status else ''}."
    if ticket is None:
        return None, said
    ours = report.recipient in {"", ticket.requester_email.lower()}
    if report.kind in {"failed", "complaint"}:
        ticket.record(BOUNCED, actor=None, status=report.status, report=report.kind)
    if report.is_final and ours:
        _count(ticket.requester_email, report.status)
    return ticket, said


def _count(address: str, status: str) -> None:
    trouble, _ = AddressTrouble.objects.get_or_create(address=address.lower())
    AddressTrouble.objects.filter(pk=trouble.pk).update(
        hard=F("hard") + 1, status=status[:12], last_at=timezone.now()
    )


def forget(address: str) -> None:
    """Somebody wrote from there: it is alive."""
    AddressTrouble.objects.filter(address=address.lower()).delete()
