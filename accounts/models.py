"""People: login by e-mail, one role each, one predicate per role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.mailboxes import normalize, validate_address

#: What the addresses of services end in. By RFC 2606 no mail can ever reach one.
SERVICE_DOMAIN: Final = "service.invalid"


class Role(models.TextChoices):
    REQUESTER = "requester", "Requester"
    AGENT = "agent", "Agent"
    AUDITOR = "auditor", "Auditor"
    SUPERVISOR = "supervisor", "Supervisor"
    ADMINISTRATOR = "admin", "Administrator"

    @property
    def rank(self) -> int:
        """Nobody gives a role that ranks above their own."""
        return list(Role).index(self)


#: Who does all that agents do, and who does all that supervisors do.
WORKING: Final = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
LEADING: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


class UserQuerySet(models.QuerySet["User"]):
    def staff(self) -> UserQuerySet:
        """Who can work on tickets: those that one may be assigned to. No services."""
        people = self.exclude(email__endswith=f"@{SERVICE_DOMAIN}")
        return people.filter(is_active=True, role__in=WORKING)

    def leading(self) -> UserQuerySet:
        """Those of the staff who do all that supervisors do."""
        return self.staff().filter(role__in=LEADING)

    def with_email(self, email: str) -> UserQuerySet:
        return self.filter(email=User.objects.normalize_email(email))

    def with_verified_email(self, email: str) -> UserQuerySet:
        address = User.objects.normalize_email(email)
        return self.filter(email=address, emailaddress__email=address, emailaddress__verified=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates people on an operator's word: their e-mail address counts as confirmed.

    Whoever signs up alone goes through the sign-up form or ``/api/auth/register`` and must confirm it.
    """

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return normalize(email)

    @transaction.atomic
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user: User = self.model(email=self.normalize_email(email), **fields)
        validate_address(user.email)
        user.set_password(password)
        user.save(using=self._db)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def service(self, name: str, *, role: Role) -> User:
        """The account that a program of this name works with: without a password, so that only tokens speak for it."""
        address = self.normalize_email(f"{name}@{SERVICE_DOMAIN}")
        found: User | None = self.with_email(address).first()
        return found or self.create_user(address, None, role=role, name=name)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(
            email, password, **{"role": Role.ADMINISTRATOR, "is_superuser": True, **fields}
        )


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField("e-mail address", unique=True, validators=[validate_address])
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.REQUESTER)
    is_active = models.BooleanField(default=True, help_text="Off: this person can no longer log in.")
    language = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        help_text="Of pages and mails; empty: the browser’s.",
    )
    time_zone = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Empty: the browser’s."
    )
    signature = models.TextField(
        max_length=500, blank=True, default="", db_default="",
        help_text="Of somebody who answers customers; empty: the house’s.",
    )  # fmt: skip
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    #: How often all log-ins of this person were ended at once; what a log-in stands on, beside the password.
    logins_ended = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]
        ordering = ["email"]
        indexes = [models.Index(fields=["role"], name="user_by_role")]  # the staff, among many customers

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """A row that was read before all log-ins were ended does not bring them back."""
        if update_fields is None and not self._state.adding and not args and not options:
            update_fields = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name != "logins_ended"
            ]
        super().save(*args, update_fields=update_fields, **options)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What sessions and tokens stand on: the password, and that nobody ended all log-ins since."""
        if not self.logins_ended:
            return str(super()._get_session_auth_hash(secret))  # type: ignore[misc]
        facts = f"{self.logins_ended}:{self.password}"
        return salted_hmac("accounts.User.logins", facts, secret=secret, algorithm="sha256").hexdigest()

    def clean(self) -> None:
        super().clean()
        self.email = User.objects.normalize_email(self.email)

    @property
    def is_agent(self) -> bool:
        """May work on tickets: agents, and supervisors and administrators, who can do all that agents can."""
        return self.is_active and (self.is_superuser or self.role in WORKING)

    @property
    def is_supervisor(self) -> bool:
        """May change what is automated, and see the metrics."""
        return self.is_active and (self.is_superuser or self.role in LEADING)

    @property
    def is_administrator(self) -> bool:
        """May also say who is an administrator."""
        return self.is_active and (self.is_superuser or self.role == Role.ADMINISTRATOR)

    @property
    def is_auditor(self) -> bool:
        """Reads what the team reads and what supervisors have decided, and does nothing anywhere."""
        return self.is_active and self.role == Role.AUDITOR and not self.is_superuser

    @property
    def reads_desk(self) -> bool:
        return self.is_agent or self.is_auditor

    @property
    def reads_house(self) -> bool:
        """The cockpit, figures and policy."""
        return self.is_supervisor or self.is_auditor

    @property
    def sees_every_team(self) -> bool:
        return self.reads_house

    @property
    def rank(self) -> int:
        return Role.ADMINISTRATOR.rank if self.is_superuser else Role(self.role).rank

    @property
    def is_staff(self) -> bool:
        """Django's word for who may enter the admin."""
        return self.reads_desk

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0] if self.name else ""

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    @property
    def email_is_verified(self) -> bool:
        """The owner has proved to own the address, or an operator vouched for it."""
        return EmailAddress.objects.filter(user=self, email=self.email, verified=True).exists()
