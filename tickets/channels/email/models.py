"""Mailboxes that are read, and every mail that came: what became of it, and its bytes for a while."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.channels.email import secrecy


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def in_use(self) -> MailboxQuerySet:
        return self.filter(active=True)

    def written_to(self, recipient: str) -> Mailbox | None:
        """The mailbox in use that an address belongs to, with whatever follows a plus."""
        local, _, domain = recipient.casefold().partition("@")
        return self.in_use().filter(address__iexact=f"{local.partition('+')[0]}@{domain}").first()


class Mailbox(models.Model):
    """An address that people write to, and how its mail comes here."""

    class Way(models.TextChoices):
        IMAP = "imap", "Fetched by IMAP"
        POP3 = "pop3", "Fetched by POP3"
        HANDED = "handed", "Handed over by our mail server"

    class Security(models.TextChoices):
        TLS = "tls", "TLS from the start"
        STARTTLS = "starttls", "STARTTLS"
        NONE = "none", "None (only on this machine)"

    address = models.EmailField(
        unique=True, help_text="What people write to, for example support@example.com."
    )
    name = models.CharField(
        max_length=80, blank=True, help_text="The sender's name in our mails. Empty: the company's."
    )
    active = models.BooleanField(default=True, help_text="Read, and named as the place to reply to.")
    way = models.CharField("how mail comes", max_length=6, choices=Way.choices, default=Way.IMAP)
    host = models.CharField(max_length=200, blank=True)
    port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(65_535)], help_text="Empty: the usual one."
    )
    security = models.CharField(max_length=8, choices=Security.choices, default=Security.TLS)
    username = models.CharField(max_length=200, blank=True)
    sealed_password = models.TextField(blank=True, editable=False)
    token_command = models.CharField(
        max_length=300,
        blank=True,
        help_text="Prints an OAuth2 access token. It takes the place of the password.",
    )
    folder = models.CharField(max_length=120, default="INBOX")
    trusted_server = models.CharField(
        max_length=200,
        blank=True,
        help_text="The name that our own mail server signs its Authentication-Results with. Empty: none is trusted.",
    )

    uid_validity = models.BigIntegerField(null=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    first_new_uid = models.BigIntegerField(
        default=0, editable=False, help_text="Older ones are taken only where nobody has read them."
    )
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ["address"]

    def __str__(self) -> str:
        return self.address

    @property
    def password(self) -> str:
        return secrecy.opened(self.sealed_password)

    @password.setter
    def password(self, plain: str) -> None:
        self.sealed_password = secrecy.sealed(plain)

    @property
    def usual_port(self) -> int:
        usual = {
            (self.Way.IMAP, self.Security.TLS): 993,
            (self.Way.IMAP, self.Security.STARTTLS): 143,
            (self.Way.IMAP, self.Security.NONE): 143,
            (self.Way.POP3, self.Security.TLS): 995,
        }
        return self.port or usual.get((self.Way(self.way), self.Security(self.security)), 110)

    def worked(self) -> None:
        self.last_success_at, self.last_error = timezone.now(), ""
        self.save(update_fields=["last_success_at", "last_error"])

    def failed(self, what: str) -> None:
        self.last_error, self.last_error_at = what[:300], timezone.now()
        self.save(update_fields=["last_error", "last_error_at"])


class Outcome(models.TextChoices):
    """What became of a mail. Each has exactly one, so that mails in = the sum of all."""

    TICKET = "ticket", "New ticket"
    REPLY = "reply", "Reply on a ticket"
    BOUNCE = "bounce", "Report on a mail of ours"
    DUPLICATE = "duplicate", "Came before"
    QUARANTINE = "quarantine", "Put aside"
    IGNORED = "ignored", "Written by a machine"


class InboundMail(models.Model):
    """A mail that came, whatever became of it."""

    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, blank=True, related_name="mails")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it became that, for agents.")
    key = models.CharField(max_length=64, help_text="The same for the same mail, delivered twice.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of the body alone.")
    internet_id = models.CharField(max_length=250, blank=True, help_text="Its Message-ID, without brackets.")
    sender = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    ticket = models.ForeignKey("tickets.Ticket", models.SET_NULL, null=True, blank=True, related_name="mails")
    message = models.OneToOneField(
        "tickets.Message", models.SET_NULL, null=True, blank=True, related_name="mail"
    )
    quoted = models.TextField(blank=True, help_text="What stood below the writer's words.")
    remarks = models.JSONField(
        default=list, blank=True, help_text="What could not be read or kept, in words."
    )
    sender_verified = models.BooleanField(default=False)
    has_html = models.BooleanField(
        default=False, db_default=False, help_text="It can be shown as it was sent."
    )
    size = models.PositiveIntegerField(default=0, help_text="bytes")
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=~Q(outcome=Outcome.DUPLICATE), name="mail_taken_once"
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "-received_at"], name="mail_by_sender"),
            models.Index(fields=["outcome", "-id"], name="mail_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.subject}"


class RawMail(models.Model):
    """The bytes as they came, kept MAIL_KEEP_DAYS; in a table of its own, so that lists stay light."""

    mail = models.OneToOneField(InboundMail, models.CASCADE, primary_key=True, related_name="raw")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{len(self.content)} bytes"


class AddressTrouble(models.Model):
    """An address to which mail does not come through."""

    address = models.EmailField(unique=True)
    hard = models.PositiveSmallIntegerField(default=0, help_text="Final refusals in a row.")
    status = models.CharField(max_length=12, blank=True, help_text="The last code, for example 5.1.1.")
    last_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "address troubles"

    def __str__(self) -> str:
        return self.address

    @property
    def is_dead(self) -> bool:
        return self.hard >= settings.MAIL_HARD_BOUNCES


class SpamWord(models.Model):
    """In how many spam and how many wanted mails a word stood; the word itself is not kept."""

    word = models.BigIntegerField(primary_key=True)
    spam = models.PositiveIntegerField(default=0)
    wanted = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.spam} of spam, {self.wanted} of wanted mail"


class SpamLesson(models.Model):
    """What agents say that a ticket is, as far as it was learnt."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, primary_key=True, related_name="+")
    is_spam = models.BooleanField(null=True)

    class Meta:
        indexes = [models.Index(fields=["is_spam"], name="lesson_by_kind")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {'spam' if self.is_spam else 'wanted'}"
