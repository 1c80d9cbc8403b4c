"""Invitations of colleagues: to whom, in which role, into which teams, and what became of them."""

from __future__ import annotations

from typing import ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.mailboxes import validate_address
from accounts.models import Role
from tickets.teams.models import Team

#: Customers sign up themselves; nobody is invited to be one.
ROLES: Final = tuple(role for role in Role if role is not Role.REQUESTER)


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    EXPIRED = "expired", "Expired"
    ACCEPTED = "accepted", "Accepted"
    REVOKED = "revoked", "Revoked"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Neither accepted nor revoked; it may have expired."""
        return self.filter(accepted_at=None, revoked_at=None)

    def in_state(self, state: str) -> Self:
        now = timezone.now()
        return {
            State.WAITING: self.open().filter(expires_at__gt=now),
            State.EXPIRED: self.open().filter(expires_at__lte=now),
            State.ACCEPTED: self.exclude(accepted_at=None),
            State.REVOKED: self.exclude(revoked_at=None),
        }[State(state)]


class Invitation(models.Model):
    """One colleague to be. The link in the mail is good for one use; only the hash of its secret is kept."""

    email = models.EmailField("e-mail address", validators=[validate_address])
    role = models.CharField(max_length=12, choices=[(role.value, role.label) for role in ROLES])
    teams = models.ManyToManyField(Team, blank=True, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, help_text="Whoever sent it last."
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["email"], name="one_open_invitation",
                condition=models.Q(accepted_at=None, revoked_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display().lower()}"

    @property
    def state(self) -> State:
        if self.accepted_at:
            return State.ACCEPTED
        if self.revoked_at:
            return State.REVOKED
        return State.WAITING if self.expires_at > timezone.now() else State.EXPIRED
