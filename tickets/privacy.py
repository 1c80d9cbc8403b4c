"""What the ticket domain knows of a person, and how it is erased."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import Storage
from django.db import connection, transaction
from django.db.models import Q

from accounts import privacy
from accounts.mailboxes import mailbox_of
from accounts.privacy import ERASED_TEXT, Person
from tickets.background.jobs import Job
from tickets.channels.email.models import InboundMail, RawMail
from tickets.conversation import Attachment, Feedback, Message
from tickets.desk.models import Draft, HeldReply, KeptFile
from tickets.mail import outbox
from tickets.mail.choices import DigestEntry, MailChoice
from tickets.mail.outbox import OutgoingMail
from tickets.models import Ticket, TicketQuerySet
from tickets.search import index


def tickets_of(person: Person) -> TicketQuerySet:
    """The account's and all sent from the address, also before there was an account."""
    found: TicketQuerySet = Ticket.objects.filter(requester_email=person.address)
    return found | Ticket.objects.filter(requester=person.user) if person.user else found


def export_tickets(person: Person) -> dict[str, list[dict[str, Any]]]:
    """All but the team's notes: those are about the work, and may name others."""
    tickets = tickets_of(person)
    messages = Message.objects.filter(ticket__in=tickets, kind=Message.Kind.REPLY)
    return {
        "tickets": privacy.rows(
            tickets.values(
                "reference", "subject", "requester_email", "requester_name", "channel", "status", "created_at",
            )
        ),
        "messages": privacy.rows(messages.values("ticket__reference", "sender", "body", "created_at")),
        "attachments": privacy.rows(
            Attachment.objects.filter(message__in=messages).values("message__ticket__reference", "name", "size")
        ),
        "mail_choice": privacy.rows(
            MailChoice.objects.filter(mailbox=mailbox_of(person.address)).values("mailbox", "wanted", "changed_at")
        ),
        "feedback": privacy.rows(
            Feedback.objects.filter(ticket__in=tickets).values(
                "ticket__reference", "solved", "rating", "comment", "created_at"
            )
        ),
    }  # fmt: skip


def erase_tickets(person: Person) -> dict[str, Any]:
    ids = list(tickets_of(person).select_for_update().values_list("pk", flat=True))
    tickets = Ticket.objects.filter(pk__in=ids)
    # Also those that became no ticket: what was put aside, ignored, or a report.
    mails = list(
        InboundMail.objects.filter(Q(ticket__in=ids) | Q(sender=person.address)).values_list("pk", flat=True)
    )
    erased = {
        "tickets": len(ids),
        "attachments": erase_files(Attachment.objects.filter(message__ticket__in=ids)),
        "waiting_files": erase_files(KeptFile.objects.filter(draft__ticket__in=ids))
        + erase_files(KeptFile.objects.filter(held__ticket__in=ids)),
        "drafts": Draft.objects.filter(ticket__in=ids).delete()[0]
        + HeldReply.objects.filter(ticket__in=ids).delete()[0],
        "messages": Message.objects.filter(ticket__in=ids).update(
            body=ERASED_TEXT, external_id=None, written_by=""
        ),
        "feedback": Feedback.objects.filter(ticket__in=ids).update(comment=""),
        "mail": erase_mail(person),
        "mail_choice": MailChoice.objects.filter(mailbox=mailbox_of(person.address)).delete()[0]
        + DigestEntry.objects.filter(ticket__in=ids).delete()[0],
        "raw_mails": RawMail.objects.filter(mail__in=mails).delete()[0],
        "mails_that_came": InboundMail.objects.filter(pk__in=mails).update(
            sender="", subject="", quoted="", remarks=[], internet_id=""
        ),
    }
    tickets.update(
        requester_email=person.alias,
        requester_name="",
        subject="Erased",
        external_id=None,
        human_requested=True,
    )
    index.index_tickets(ids)
    return erased


def erase_files(found: Any) -> int:
    """The rows at once, what lies on the disk after commit."""
    files: list[tuple[Storage, str]] = [(one.file.storage, one.file.name) for one in found]
    found.delete()

    def remove() -> None:
        for storage, name in files:
            storage.delete(name)

    transaction.on_commit(remove)
    return len(files)


def erase_mail(person: Person) -> int:
    """What still waits to be sent to them. The outbox is short: it holds what a worker has not sent yet."""
    own = [
        mail.pk
        for mail in OutgoingMail.objects.only("pk", "recipients")
        if person.address in {str(one).lower() for one in mail.recipients}
    ]
    Job.objects.filter(kind=outbox.KIND, subject_id__in=own).delete()
    OutgoingMail.objects.filter(pk__in=own).delete()
    return len(own)


def leave_no_free_pages() -> None:
    """SQLite keeps what was deleted in pages that it may use again: give them back, zeroed, and empty the log.

    PostgreSQL's own vacuum does so in its time.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        for table in ("search_words", "search_parts"):
            cursor.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # noqa: S608
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


privacy.register("tickets", export_tickets, erase_tickets)
privacy.AFTERWARDS.append(leave_no_free_pages)
