"""The trail of how people sign in: what was added, removed, used up or linked."""

from __future__ import annotations

from typing import Any, ClassVar, Never

from django.conf import settings
from django.db import models
from django.utils import timezone


class AppendOnly(models.QuerySet["Change"]):
    def update(self, **fields: Any) -> Never:
        raise TypeError("The trail of sign-ins cannot be changed.")

    def delete(self) -> Never:
        raise TypeError("The trail of sign-ins cannot be deleted.")


class Change(models.Model):
    """One row of codes, written with what it tells of; never changed, never deleted."""

    class What(models.TextChoices):
        FACTOR_ADDED = "factor_added", "Second factor added"
        FACTOR_REMOVED = "factor_removed", "Second factor removed"
        CODES_RENEWED = "codes_renewed", "New recovery codes made"
        CODE_USED = "code_used", "Recovery code used"
        LINKED = "linked", "Linked with single sign-on"
        UNLINKED = "unlinked", "Single sign-on unlinked"
        ROLE = "role", "Role given by single sign-on"
        INVITED = "invited", "Colleague invited"
        INVITE_REVOKED = "invite_revoked", "Invitation revoked"
        JOINED = "joined", "Joined by an invitation"
        TOKEN_MADE = "token_made", "API token made"
        TOKEN_REVOKED = "token_revoked", "API token revoked"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="sign_in_changes")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+",
        help_text="Empty: the command line, or the provider of single sign-on.",
    )  # fmt: skip
    what = models.CharField(max_length=16, choices=What.choices)
    kind = models.CharField(
        max_length=40, blank=True, help_text="Which factor, provider, role, invitation or token."
    )
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Change]] = models.Manager.from_queryset(AppendOnly)()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_what_display()} ({self.kind})" if self.kind else self.get_what_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The trail of sign-ins cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise TypeError("The trail of sign-ins cannot be deleted.")


class UsedAssertion(models.Model):
    """A SAML assertion that has let somebody in, by the hash of its id; swept once it has run out by itself."""

    digest = models.CharField(max_length=64, unique=True)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="used_assertion_until")]

    def __str__(self) -> str:
        return self.digest[:8]
