"""The mail of the demo: the files that the worker wrote in place of sending it, and what people write back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from pathlib import Path
from typing import Final

from django import forms
from django.conf import settings
from django.utils import timezone

from accounts.mailboxes import AddressFormField
from accounts.names import validate_name
from helpdesk.mail_files import SUFFIX
from tickets.channels.email.models import InboundMail, Mailbox, Outcome
from tickets.channels.email.taking import take
from tickets.intake.submit import SUBJECT_LENGTH

_NEVER_SENT: Final = "Written on the demo's mail page"


@dataclass(frozen=True)
class Letter:
    """A mail that the demo sent."""

    name: str  # of its file
    subject: str
    sender: str
    to: str
    replies_to: str  # the address that a reply goes to
    message_id: str
    sent: datetime
    body: str


def files() -> list[Path]:
    """The mail files, newest first. A name from outside is only ever compared with these."""
    folder = Path(settings.EMAIL_FILE_PATH)
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else []
    return sorted(found, key=lambda file: (file.stat().st_mtime, file.name), reverse=True)


def letter_named(name: str) -> Letter | None:
    return next((read(file) for file in files() if file.name == name), None)


def read(file: Path) -> Letter:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",))
    sender = str(message["From"] or "")
    return Letter(
        name=file.name,
        subject=str(message["Subject"] or "(no subject)"),
        sender=sender,
        to=str(message["To"] or ""),
        replies_to=str(message["Reply-To"] or sender),
        message_id=str(message["Message-ID"] or ""),
        sent=datetime.fromtimestamp(file.stat().st_mtime, tz=UTC),
        body=(text.get_content() if text else "").rstrip(),
    )


class NewMail(forms.Form):
    """A mail to the house, as from any mail program."""

    email = AddressFormField(label="From", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    name = forms.CharField(label="Your name", max_length=120, required=False, validators=[validate_name])
    subject = forms.CharField(label="Subject", max_length=SUBJECT_LENGTH, required=False)
    body = forms.CharField(label="Message", widget=forms.Textarea(attrs={"rows": 8}))

    def as_mail(self) -> EmailMessage:
        said = self.cleaned_data
        return _mail(formataddr((said["name"], said["email"])), own_address(), said["subject"], said["body"])


class Reply(forms.Form):
    """What somebody answers to a mail that they got."""

    body = forms.CharField(label="Your reply", widget=forms.Textarea(attrs={"rows": 6}))

    def as_mail(self, letter: Letter) -> EmailMessage:
        """The reply, with the letter quoted below as mail programs do."""
        quoted = "\n".join(f"> {line}".rstrip() for line in letter.body.split("\n"))
        when = timezone.localtime(letter.sent).strftime("%-d %b %Y, at %H:%M")
        body = f"{self.cleaned_data['body']}\n\nOn {when}, {letter.sender} wrote:\n{quoted}\n"
        subject = letter.subject if letter.subject.lower().startswith("re:") else f"Re: {letter.subject}"
        mail = _mail(letter.to, parseaddr(letter.replies_to)[1], subject, body)
        mail["In-Reply-To"] = mail["References"] = letter.message_id
        return mail


def _mail(sender: str, to: str, subject: str, body: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = format_datetime(timezone.now()), make_msgid(domain="demo.invalid")
    mail["X-Mailer"] = _NEVER_SENT
    mail.set_content(body)
    return mail


def own_address() -> str:
    """Where one writes to."""
    mailbox = Mailbox.objects.in_use().first()
    return mailbox.address if mailbox is not None else settings.SUPPORT_EMAIL


def hand_over(mail: EmailMessage) -> InboundMail:
    """Take it over by the same code as a mail that a server brings."""
    return take(mail.as_bytes(), Mailbox.objects.in_use().first())[0]


def outcome_words(row: InboundMail) -> str:
    """What became of it, for whoever tries the demo."""
    reference = row.ticket.reference if row.ticket is not None else ""
    words = {
        Outcome.TICKET: f"Your mail is ticket {reference} now.",
        Outcome.REPLY: f"Your mail is on ticket {reference} now.",
    }
    return words.get(
        Outcome(row.outcome), f"Your mail came: {row.get_outcome_display().lower()}. {row.reason}"
    )
