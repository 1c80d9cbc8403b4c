"""The only way in: web form, API and whatever comes later all call ``submit_ticket``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.intake import attachments
from tickets.models import Attachment, Channel, Message, Ticket
from tickets.teams import routing
from tickets.teams.models import Team

SUBJECT_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One wish of one person, checked for form by the form or serializer that made it."""

    subject: str
    body: str
    requester: User | None = None  # logged in; None for a guest
    guest_email: str = ""
    guest_name: str = ""
    channel: Channel = Channel.WEB
    follow_up_of: Ticket | None = None
    human_requested: bool = False
    files: Sequence[UploadedFile] = ()
    sender_verified: bool = False  # beside who is logged in: our own mail server vouches for the address
    machine_sent: bool = False  # by a list, a program or from an address that reads no replies
    uploaded: Sequence[Attachment] = ()  # files that came ahead of it
    language: str = ""  # of the page that it was written on
    external_id: str | None = None  # the sender's own name for it: a second one is refused by the database
    mailbox: str = ""  # the address of ours that its mail came to
    team: Team | None = None  # whose it is, where that is known without a rule

    @property
    def kept_subject(self) -> str:
        return one_line(self.subject) or subject_from(self.body)

    @property
    def kept_team(self) -> Team | None:
        """A follow-up stays with the team of the earlier one."""
        known = self.team or (self.follow_up_of.team if self.follow_up_of else None)
        return known or routing.team_for(channel=self.channel, mailbox=self.mailbox)


@transaction.atomic
def submit_ticket(submission: Submission) -> Ticket:
    """Save Ticket OPEN, its first Message, attachments and Event in one transaction.

    Whoever watches new tickets (triage) is told by the ``post_save`` signal and acts after commit; what this process
    does to the ticket then shows on the returned row, what others do does not.
    """
    requester = submission.requester
    email = requester.email if requester else User.objects.normalize_email(submission.guest_email)
    ticket = Ticket(
        requester=requester,
        requester_email=email,
        requester_name=one_line(requester.name if requester else submission.guest_name),
        sender_verified=requester is not None or submission.sender_verified,
        machine_sent=submission.machine_sent,
        subject=submission.kept_subject,
        language=submission.language,
        seen_at=timezone.now(),
        channel=submission.channel,
        follow_up_of=submission.follow_up_of,
        human_requested=submission.human_requested,
        external_id=submission.external_id,
        team=submission.kept_team,
    )
    ticket.save()
    message = Message.objects.create(
        ticket=ticket, author=requester, sender=Message.Sender.REQUESTER, body=submission.body
    )
    kept = attachments.attach(message, submission.files)
    attachments.attach_uploaded(message, submission.uploaded)
    ticket.created(channel=submission.channel)
    ticket.remember_opening(message, [*kept, *submission.uploaded])
    return ticket


def one_line(text: str) -> str:
    return " ".join(text.split())[:SUBJECT_LENGTH]


def subject_from(body: str) -> str:
    """The first words of the message, for senders who gave no subject."""
    line = one_line(body)
    return line if len(line) <= 80 else line[:79].rsplit(" ", 1)[0] + "…"
