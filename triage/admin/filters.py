"""Filters of the admin's lists: the views of the queue, intents, reasons, agents, agreement."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from triage.core.types import Stance
from triage.desk.wording import gate_words
from triage.models import Decision, Example, Intent, choices

OUT_OF_SCOPE = "-"
PLAIN_ASKING = "-"


class IntentFilter(SimpleListFilter):
    """By the row's own intent, or by having none."""

    title = "intent"
    parameter_name = "intent"
    nothing = "No intent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        known = Intent.objects.order_by("title").values_list("slug", "title")
        return [(OUT_OF_SCOPE, self.nothing), *known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if wanted is None:
            return queryset
        return (
            queryset.filter(intent=None) if wanted == OUT_OF_SCOPE else queryset.filter(intent__slug=wanted)
        )


class ExampleIntentFilter(IntentFilter):
    """What carries the words of no topic but has a stance is not out of scope: its stance finds it."""

    nothing = "Out of scope"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        found = super().queryset(request, queryset)
        return found.filter(stance="") if self.value() == OUT_OF_SCOPE else found


class ExampleStanceFilter(SimpleListFilter):
    """Plain askings apart from what must not be answered, which no filter by the field offers."""

    title = "stance"
    parameter_name = "stance"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(PLAIN_ASKING, "Plain asking"), *choices(Stance)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        wanted = self.value()
        if wanted is None:
            return queryset
        return queryset.filter(stance="" if wanted == PLAIN_ASKING else wanted)


class DecisionReasonFilter(SimpleListFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(gate_words().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class AgreementFilter(SimpleListFilter):
    """Whether an agent agreed with the intent."""

    title = "agreement"
    parameter_name = "agreement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("agreed", "Confirmed by an agent"), ("corrected", "Corrected"), ("unseen", "Nobody said")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Decision]) -> QuerySet[Decision]:
        same = Q(corrected_intent=F("intent")) | Q(corrected_intent=None, intent=None)
        if self.value() == "agreed":
            return queryset.filter(same, corrected_at__isnull=False)
        if self.value() == "corrected":
            return queryset.filter(corrected_at__isnull=False).exclude(same)
        if self.value() == "unseen":
            return queryset.filter(corrected_at=None)
        return queryset


class CandidateFilter(SimpleListFilter):
    """What waits for a supervisor's yes or no, that which teaches most first."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waits for review")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Example]) -> QuerySet[Example]:
        if self.value() != "waiting":
            return queryset
        return queryset.filter(pk__in=Example.objects.all().candidates().values("pk")).order_by(
            "-teaches", "-id"
        )
