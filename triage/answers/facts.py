"""The rows of the house's facts, and the record of who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from tickets.service import words
from tickets.service.models import Calendar
from triage.answers import house, language_tags

if TYPE_CHECKING:
    from accounts.models import User


class HouseFact(models.Model):
    """One thing that the house has said. Written by :func:`set_fact` only."""

    key = models.CharField(max_length=40)
    language = models.CharField(max_length=8, blank=True, help_text="Empty: the same in every language.")
    value = models.TextField()

    class Meta:
        ordering = ["key", "language"]
        constraints = [models.UniqueConstraint(fields=["key", "language"], name="house_fact_once")]

    def __str__(self) -> str:
        return f"{self.key} [{self.language}]" if self.language else self.key


class HouseFactChange(models.Model):
    """Who changed which fact, when, from what to what. Empty: there was none, or there is none any more."""

    key = models.CharField(max_length=40)
    language = models.CharField(max_length=8, blank=True)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, help_text="Empty: the command line."
    )
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.key}: {self.before or '–'} → {self.after or '–'}"


def current() -> house.House:
    """All that the house has said until now."""
    rows = HouseFact.objects.values_list("key", "language", "value")
    said = {(key, language): value for key, language, value in rows if key in house.BY_KEY}
    return house.House(said | told_by_calendar())


def told_by_calendar() -> dict[tuple[str, str], str]:
    """The hours of the calendar that customers are told, in each language we have words for; it has the last word."""
    calendar = Calendar.objects.filter(tells_hours=True).first()
    if calendar is None:
        return {}
    told = {tag: words.told_to_customers(calendar.hours, tag) for tag in words.LANGUAGES}
    return {(house.HOURS, tag): sentence for tag, sentence in told.items() if sentence}


def emergency_line(language: str) -> str:
    """What the house says people should do in an emergency, with its number; empty where it has said neither."""
    said = current()
    tag = language_tags.base(language)
    return " ".join(
        filter(None, (said.wording("emergency_words", tag), said.wording("emergency_phone", tag)))
    )


def place(key: str, language: str) -> tuple[house.Fact, str]:
    """The fact, and the language its row has; ValidationError where either does not exist."""
    fact = house.named(key)
    tag = language_tags.base(language_tags.canonical(language)) if fact.kind.is_worded else ""
    return fact, tag


@transaction.atomic
def set_fact(key: str, said: Any, *, language: str, by: User | None) -> bool:
    """Keep what the house says; nothing said takes the fact back. Whether that changed anything.

    ``language`` counts for worded facts only. Raises ValidationError, and then nothing was written.
    """
    fact, tag = place(key, language)
    after = "" if said is None or said == "" else house.clean(fact, said)
    row = HouseFact.objects.select_for_update().filter(key=key, language=tag).first()
    before = row.value if row else ""
    if after == before:
        return False
    if after:
        HouseFact.objects.update_or_create(key=key, language=tag, defaults={"value": after})
    elif row:
        row.delete()
    HouseFactChange.objects.create(key=key, language=tag, before=before, after=after, by=by)
    return True


def listed(content: Mapping[str, Any], *, language: str) -> Iterator[tuple[str, str, Any]]:
    """(key, language, value) of a file's mapping; a worded fact may map languages to values."""
    for key, said in content.items():
        if isinstance(said, Mapping):
            if not house.named(str(key)).kind.is_worded:
                raise ValidationError(f"{key}: it is the same in every language; write one value.")
            yield from ((str(key), str(tag), value) for tag, value in said.items())
        else:
            yield str(key), language, said


@transaction.atomic
def set_all(content: Mapping[str, Any], *, language: str, by: User | None) -> int:
    """Keep all facts of a file or none; how many were new or different."""
    return sum(
        set_fact(key, said, language=tag, by=by) for key, tag, said in listed(content, language=language)
    )
