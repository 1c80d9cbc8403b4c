"""A field of the house's own, and what it holds on a ticket."""

from __future__ import annotations

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models

from tickets.models import Ticket

LONGEST: Final = 500
_NAME: Final = re.compile(r"[^\W_][\w .-]*")


class Field(models.Model):
    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        CHOICE = "choice", "One of several"
        DATE = "date", "Date"
        YES_NO = "yes_no", "Yes or no"

    name = models.CharField(max_length=40, unique=True, help_text="As agents read and search it.")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.TEXT)
    choices = models.TextField(
        blank=True, default="", max_length=2000, help_text="For “One of several”: one a line."
    )
    is_active = models.BooleanField(
        default=True, help_text="Off: it is shown no more; what it holds is kept and can be found."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def offered(self) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in self.choices.splitlines() if line.strip()))

    def clean(self) -> None:
        self.name = " ".join(self.name.split())
        if not _NAME.fullmatch(self.name):
            raise ValidationError({"name": "Use letters, digits, blanks, hyphens and dots."})
        if self.kind == self.Kind.CHOICE and len(self.offered) < 2:
            raise ValidationError({"choices": "Write at least two, one a line."})
        if any(len(one) > 100 for one in self.offered):
            raise ValidationError({"choices": "At most 100 characters each."})
        if (
            self.pk
            and Field.objects.filter(pk=self.pk).exclude(kind=self.kind).exists()
            and self.values.exists()
        ):
            raise ValidationError(
                {"kind": "Tickets hold values of the former kind. Make a new field instead."}
            )


class Value(models.Model):
    """In one spelling a kind: 12.5, 2026-11-30, yes."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="field_values", db_index=False)
    field = models.ForeignKey(Field, models.CASCADE, related_name="values", db_index=False)
    text = models.CharField(max_length=LONGEST)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "field"], name="value_once_a_ticket")]
        indexes = [models.Index(fields=["field", "text"], name="value_by_text")]

    def __str__(self) -> str:
        return f"{self.field_id} of {self.ticket_id}"
