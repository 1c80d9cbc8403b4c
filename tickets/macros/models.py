"""A macro, and who may use it."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from tickets.desk.models import Draft
from tickets.macros.variables import check
from tickets.states import Urgency
from tickets.tags.tagging import NoTag, read_names


class MacroQuerySet(models.QuerySet["Macro"]):
    def of(self, agent: User) -> Self:
        """The shared ones and the agent's own, the agent's most used first."""
        return self.filter(Q(owner=None) | Q(owner=agent)).order_by("-used", "name")


class Macro(models.Model):
    """Texts and steps under one name. Without an owner it is everybody's."""

    name = models.CharField(max_length=60, help_text="What agents type to find it.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="macros"
    )
    reply = models.TextField(
        blank=True, default="", max_length=settings.MESSAGE_MAX_CHARS, validators=[check],
        help_text="Put into the reply, which the agent can still change.",
    )  # fmt: skip
    note = models.TextField(
        blank=True, default="", max_length=settings.MESSAGE_MAX_CHARS, validators=[check],
        help_text="Put into the internal note.",
    )  # fmt: skip
    then = models.CharField(
        "when the reply is sent",
        max_length=8,
        choices=Draft.Then.choices,
        default=Draft.Then.WAIT,
        blank=True,
    )
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, null=True, blank=True)
    tags = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Put on the ticket; several with commas.",
    )
    takes = models.BooleanField("assign the ticket to me", default=False)
    used = models.PositiveIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[MacroQuerySet] = MacroQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="macro_own_name"),
            models.UniqueConstraint(fields=["name"], condition=Q(owner=None), name="macro_shared_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = " ".join(self.name.split())
        try:
            self.tags = ", ".join(read_names(self.tags))
        except NoTag as error:
            raise ValidationError({"tags": str(error)}) from error
        if not (
            self.reply.strip() or self.note.strip() or self.urgency is not None or self.takes or self.tags
        ):
            raise ValidationError(
                "A macro does something: write a reply or a note, or choose a step.", code="empty"
            )

    @property
    def changes_ticket(self) -> bool:
        """Whether it does more than write."""
        return self.takes or self.urgency is not None or bool(self.tags)

    def does(self) -> str:
        """What it does, in a few words, for lists."""
        parts = [
            "reply" if self.reply else "",
            "note" if self.note else "",
            "resolves" if self.reply and self.then == Draft.Then.RESOLVE else "",
            f"urgency {Urgency(self.urgency).label.lower()}" if self.urgency is not None else "",
            f"tags {self.tags}" if self.tags else "",
            "assigns to you" if self.takes else "",
        ]
        return ", ".join(filter(None, parts))

    def count_use(self) -> None:
        Macro.objects.filter(pk=self.pk).update(used=F("used") + 1, used_at=timezone.now())
