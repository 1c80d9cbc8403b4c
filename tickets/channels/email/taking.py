"""Taking a mail over: one transaction in which it becomes a ticket, a reply, a report, or is put aside, and is kept.

Whatever a mail holds, it gets exactly one outcome. What cannot be handled is put aside with its bytes, so that one
mail never stops the others; only a database that is away makes :func:`take` fail, and then nothing was taken.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction

from accounts.mailboxes import mailbox_of
from accounts.models import User
from tickets.channels.email import reports, screen
from tickets.channels.email.models import InboundMail, Mailbox, Outcome, RawMail
from tickets.channels.email.reading import authentication, machines, words
from tickets.channels.email.reading.headers import addresses
from tickets.channels.email.reading.machines import Writer
from tickets.channels.email.reading.parts import Mail, Part, Unreadable, read_bytes
from tickets.channels.email.reading.words import PassedOn
from tickets.channels.email.screen import Taken
from tickets.channels.email.threading import Place, place_of
from tickets.errors import AttachmentRefused, InvalidTransition
from tickets.following import copies
from tickets.intake import attachments
from tickets.intake.replies import send_reply
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Channel, Status, Ticket

logger = logging.getLogger(__name__)

EMPTY_WORDS: Final = "(The mail holds no text.)"


def take(raw: bytes, mailbox: Mailbox | None = None, *, anyway: bool = False) -> tuple[InboundMail, Taken]:
    """Take a mail over; the row that says what became of it. Safe to call twice with the same bytes.

    ``anyway``: a person says that it is wanted, whatever speaks against it.
    """
    try:
        mail = read_bytes(raw)
    except Unreadable as error:
        return put_aside(raw, mailbox, str(error))
    try:
        with transaction.atomic():
            return _take(raw, mail, mailbox, anyway)
    except IntegrityError:
        # The same mail, taken by another process in this very moment; or a mail that breaks a rule of the database.
        if InboundMail.objects.filter(key=mail.key).exclude(outcome=Outcome.DUPLICATE).exists():
            return _keep(raw, mail, mailbox, Taken(Outcome.DUPLICATE, "The same mail came before."))
        return put_aside(raw, mailbox, "It breaks a rule of the database.", mail)
    except DatabaseError:
        raise
    except Exception as error:
        # One mail that breaks something must not stop those behind it. Its bytes are kept for a person.
        logger.exception("A mail could not be handled")
        return put_aside(raw, mailbox, f"It could not be handled ({type(error).__name__}).", mail)


def take_anyway(row: InboundMail) -> bool:
    """A person says that a mail which was put aside is wanted. False where its bytes are gone or cannot be read."""
    try:
        with transaction.atomic():
            known = (
                InboundMail.objects.select_for_update(of=("self",)).select_related("mailbox").get(pk=row.pk)
            )
            raw = RawMail.objects.filter(pk=row.pk).first()
            if raw is None or known.outcome not in {Outcome.QUARANTINE, Outcome.IGNORED} or known.message_id:
                return False
            mail = read_bytes(bytes(raw.content))
            verified = authentication.is_verified(mail, known.mailbox)
            taken = _handled(mail, known.mailbox, verified, anyway=True)
            known.outcome, known.reason = taken.outcome, (taken.reason or "A person took it.")[:200]
            known.ticket, known.message = taken.ticket, taken.message
            known.quoted, known.remarks = taken.quoted, taken.remarks
            known.save(update_fields=["outcome", "reason", "ticket", "message", "quoted", "remarks"])
    except Unreadable:
        return False
    return known.message_id is not None


def _take(raw: bytes, mail: Mail, mailbox: Mailbox | None, anyway: bool) -> tuple[InboundMail, Taken]:
    if InboundMail.objects.filter(key=mail.key).exclude(outcome=Outcome.DUPLICATE).exists():
        return _keep(raw, mail, mailbox, Taken(Outcome.DUPLICATE, "The same mail came before."))
    verified = authentication.is_verified(mail, mailbox)
    taken = _handled(mail, mailbox, verified, anyway)
    return _keep(raw, mail, mailbox, taken, verified=verified)


def _handled(mail: Mail, mailbox: Mailbox | None, verified: bool, anyway: bool) -> Taken:
    report = machines.report_of(mail)
    if report is not None:
        ticket, reason = reports.note(report)
        return Taken(Outcome.BOUNCE, reason, ticket)
    place = place_of(mail)
    if machines.is_receipt(mail):
        return Taken(Outcome.IGNORED, "A read receipt.", place.ticket)
    if screen.is_ours(mail):
        return Taken(Outcome.IGNORED, "It is a mail of our own that came back.", place.ticket)
    writer = machines.writer_of(mail)
    if writer is Writer.AUTOREPLY and not anyway:
        return Taken(Outcome.IGNORED, "An automatic reply.", place.ticket)
    if not anyway and (aside := screen.refusal(mail, place)):
        return aside
    written = words.written_in(mail)
    if not written.own and not mail.files:
        if not mail.subject:
            return Taken(Outcome.IGNORED, "It is empty.", place.ticket)
        written = words.Written(mail.subject)
    files, remarks = _files(mail)
    taken = Taken(Outcome.REPLY, place.why, quoted=written.quoted, text=written.own, remarks=remarks)
    taken.mailbox = mailbox.address if mailbox is not None else ""
    body = (written.own or EMPTY_WORDS)[: settings.MESSAGE_MAX_CHARS]
    if len(written.own) > settings.MESSAGE_MAX_CHARS:
        taken.remarks.append("The text is longer than what is shown; the mail is kept whole.")
    if place.ticket is not None and _reply(taken, mail, place.ticket, place, body, files, writer):
        if taken.message is not None and place.agent is None and not place.other_sender:
            copies.take_from_mail(place.ticket, _named(mail), trusted=verified)
        return taken
    agent = (
        User.objects.filter(email__iexact=mail.sender.address, is_active=True).first() if verified else None
    )
    if agent is not None and agent.is_agent and (first := _passed_on(mail)):
        return _open_for(first, taken, agent, files)
    opened = _open(taken, mail, place, body, files, writer, verified)
    if not anyway and not verified and opened.ticket is not None and opened.ticket.follow_up_of_id is None:
        screen.suspect(opened, opened.ticket, mail)
    if opened.ticket is not None and writer is Writer.PERSON:
        copies.take_from_mail(opened.ticket, _named(mail), trusted=verified)
    return opened


def _named(mail: Mail) -> list[str]:
    """Whom the mail was written to beside us. Our own mailboxes are nobody in copy."""
    own = set(Mailbox.objects.values_list("address", flat=True))
    named = [one.key for one in addresses((mail.header("to"), mail.header("cc")))]
    return [one for one in named if mailbox_of(one) not in {mailbox_of(address) for address in own}]


def _reply(
    taken: Taken,
    mail: Mail,
    ticket: Ticket,
    place: Place,
    body: str,
    files: list[SimpleUploadedFile],
    writer: Writer,
) -> bool:
    """Put the mail on its ticket, which ``place`` found. False where the ticket takes no more: it begins a follow-up then."""
    if ticket.state is Status.CLOSED:
        return False
    other = mail.sender.address if place.other_sender else ""
    author = place.agent or (None if place.other_sender else ticket.requester)
    try:
        if writer is not Writer.PERSON and place.agent is None:
            taken.outcome, taken.reason, taken.ticket = Outcome.IGNORED, "A program answered.", ticket
            return True
        taken.message = send_reply(
            ticket, author, body, files, may_mean_more=not place.other_sender, written_by=other
        )
    except InvalidTransition:
        return False
    taken.ticket = ticket
    return True


def _open(
    taken: Taken,
    mail: Mail,
    place: Place,
    body: str,
    files: list[SimpleUploadedFile],
    writer: Writer,
    verified: bool,
) -> Taken:
    """Begin a ticket; behind a closed one its follow-up."""
    closed = place.ticket if place.ticket is not None and not place.other_sender else None
    sender = mail.sender
    account = (
        User.objects.with_verified_email(sender.address).filter(is_active=True).first() if verified else None
    )
    ticket = submit_ticket(
        Submission(
            subject=mail.subject,
            body=body,
            requester=account,
            guest_email=sender.address,
            guest_name=sender.name[:120],
            channel=Channel.EMAIL,
            follow_up_of=closed,
            files=files,
            sender_verified=verified,
            machine_sent=writer is not Writer.PERSON,
            mailbox=taken.mailbox,
        )
    )
    taken.outcome, taken.ticket, taken.message = Outcome.TICKET, ticket, ticket.messages.first()
    if closed is not None:
        taken.reason = f"It follows up {closed.reference}, which is closed."
    elif writer is not Writer.PERSON:
        taken.reason = "A list or a program sent it, so nothing automatic answers it."
    return taken


def _passed_on(mail: Mail) -> PassedOn | None:
    first = words.passed_on(mail)
    return first if first is not None and screen.is_address(first.sender.address) else None


def _open_for(first: PassedOn, taken: Taken, agent: User, files: list[SimpleUploadedFile]) -> Taken:
    """Begin a ticket in the name of whoever wrote the mail that an agent passes on; the agent's words become a note."""
    ticket = submit_ticket(
        Submission(
            subject=first.subject,
            body=first.body[: settings.MESSAGE_MAX_CHARS],
            guest_email=first.sender.address,
            guest_name=first.sender.name[:120],
            channel=Channel.EMAIL,
            files=files,
            mailbox=taken.mailbox,
        )
    )
    taken.outcome, taken.ticket, taken.message = Outcome.TICKET, ticket, ticket.messages.first()
    taken.text, taken.quoted, taken.reason = first.body, "", f"{agent.name} passed it on."
    ticket.note("\n\n".join(filter(None, ["Passed on by mail.", first.note])), author=agent)
    return taken


def _files(mail: Mail) -> tuple[list[SimpleUploadedFile], list[str]]:
    """The files that are taken, and a remark for each that is not; it is still in the mail as it came."""
    kept: list[SimpleUploadedFile] = []
    remarks = list(mail.remarks)
    for part in mail.files:
        file = _as_upload(part)
        if len(kept) >= settings.ATTACHMENTS_PER_MESSAGE:
            remarks.append(f"{file.name} is left in the mail: more files than one message takes.")
            continue
        try:
            attachments.check(file)
        except AttachmentRefused as refused:
            remarks.append(str(refused))
            continue
        kept.append(file)
    return kept, remarks[:50]


def _as_upload(part: Part) -> SimpleUploadedFile:
    return SimpleUploadedFile(attachments.display_name(part.name) or "file", part.content, part.content_type)


def put_aside(
    raw: bytes, mailbox: Mailbox | None, reason: str, mail: Mail | None = None
) -> tuple[InboundMail, Taken]:
    taken = Taken(Outcome.QUARANTINE, reason)
    try:
        with transaction.atomic():
            return _keep(raw, mail, mailbox, taken)
    except IntegrityError:
        return _keep(raw, mail, mailbox, Taken(Outcome.DUPLICATE, "The same mail came before."))


def _keep(
    raw: bytes, mail: Mail | None, mailbox: Mailbox | None, taken: Taken, *, verified: bool = False
) -> tuple[InboundMail, Taken]:
    """Write what became of it. A mail that came before has its bytes already."""
    row = InboundMail.objects.create(
        mailbox=mailbox,
        outcome=taken.outcome,
        reason=taken.reason[:200],
        key=mail.key if mail else hashlib.sha256(raw).hexdigest(),
        fingerprint=mail.fingerprint if mail else "",
        internet_id=mail.message_id[:250] if mail else "",
        sender=mail.sender.key[:254] if mail else "",
        subject=mail.subject[:300] if mail else "",
        ticket=taken.ticket,
        message=taken.message,
        quoted=taken.quoted[: settings.MESSAGE_MAX_CHARS],
        remarks=taken.remarks,
        sender_verified=verified,
        has_html=bool(mail and mail.markup),
        size=len(raw),
    )
    if taken.outcome is not Outcome.DUPLICATE:
        RawMail.objects.create(mail=row, content=raw)
    return row, taken
