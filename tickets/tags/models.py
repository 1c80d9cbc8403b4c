"""A tag, and the tickets that bear it."""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from tickets.models import Ticket

LONGEST: Final = 30
_NAME: Final = re.compile(r"[\w][\w.+-]*")


def folded(words: str) -> str:
    """A tag's name as it is kept: small letters, blanks as hyphens. ValidationError for what is no name."""
    name = "-".join(words.lower().strip(" #").split())
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise ValidationError(
            f"“{words.strip()}” is no tag. Use letters, digits, hyphens and dots, {LONGEST} at most.",
            code="tag",
        )
    return name


class Tag(models.Model):
    name = models.CharField(max_length=LONGEST, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            self.name = folded(self.name)
        except ValidationError as error:
            raise ValidationError({"name": error}) from error


class Tagging(models.Model):
    """A tag on a ticket, and who put it there."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="taggings", db_index=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "tag"], name="tag_once_a_ticket")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.ticket_id}"
