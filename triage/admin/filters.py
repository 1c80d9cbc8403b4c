"""Filters of the admin's lists: the views of the queue, intents, reasons, agents, agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from tickets.models import Status, Ticket
from triage.core.deciding.gates import CONFIDENT
from triage.core.types import Stance
from triage.desk.wording import gate_words, reason_words
from triage.models import Decision, Example, Intent, choices

OUT_OF_SCOPE = "-"
PLAIN_ASKING = "-"


@dataclass(frozen=True)
class QueueView:
    """One way to look at the tickets."""

    name: str
    title: str
    where: Callable[[User], Q]
    ranked: bool = False
    newest_first: bool = False
    counted: bool = False
    quarantined: bool = False

    def rows(self, tickets: QuerySet[Ticket], agent: User) -> QuerySet[Ticket]:
        return tickets.filter(self.where(agent), quarantined_at__isnull=not self.quarantined)


class QueueFilter(SimpleListFilter):
    """Shows what waits for the agent unless another view is chosen or something is searched for."""

    title = "view"
    parameter_name = "queue"
    VIEWS: ClassVar[tuple[QueueView, ...]] = (
        QueueView(
            "next",
            "My queue",
            lambda agent: Q(status=Status.ESCALATED) & (Q(assignee=agent.pk) | Q(assignee=None)),
            ranked=True,
            counted=True,
        ),
        QueueView(
            "mine",
            "Mine",
            lambda agent: Q(assignee=agent.pk, status__in=[Status.ESCALATED, Status.PENDING]),
            counted=True,
        ),
        QueueView(
            "unassigned", "Unassigned", lambda agent: Q(status=Status.ESCALATED, assignee=None), counted=True
        ),
        QueueView("team", "Team", lambda agent: Q(status=Status.ESCALATED), ranked=True, counted=True),
        QueueView("waiting", "With customer", lambda agent: Q(status=Status.PENDING)),
        QueueView(
            "open", "Open", lambda agent: Q(status__in=[Status.OPEN, Status.ESCALATED, Status.PENDING])
        ),
        QueueView("auto", "Automatic", lambda agent: Q(status=Status.AUTO_RESOLVED), newest_first=True),
        QueueView("all", "All", lambda agent: Q(), newest_first=True),
        QueueView("quarantine", "Quarantine", lambda agent: Q(), newest_first=True, quarantined=True),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(view.name, view.title) for view in self.VIEWS]

    def choices(self, changelist: ChangeList) -> Any:
        """Without Django's "All": the first view is the default."""
        chosen = self.value() or self.VIEWS[0].name
        for name, title in self.lookup_choices:
            yield {
                "selected": name == chosen,
                "query_string": changelist.get_query_string({self.parameter_name: name}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if self.value() is None and request.GET.get("q"):
            return queryset
        return chosen_view(request).rows(queryset, request.user)  # type: ignore[arg-type]


def chosen_view(request: HttpRequest) -> QueueView:
    """The view that the address names, else the agent's own queue; a search looks everywhere."""
    fallback = "all" if request.GET.get("q") else "next"
    views = {view.name: view for view in QueueFilter.VIEWS}
    return views.get(request.GET.get("queue", fallback), views[fallback])


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


class TicketIntentFilter(IntentFilter):
    """By the intent last known: the agent's correction where there is one."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        wanted = self.value()
        if wanted is None:
            return queryset
        named = None if wanted == OUT_OF_SCOPE else Intent.objects.filter(slug=wanted).first()
        decided = Decision.objects.filter(
            Q(corrected_at=None, intent=named) | Q(corrected_at__isnull=False, corrected_intent=named)
        )
        return queryset.filter(pk__in=decided.values("ticket"))


class ReasonFilter(SimpleListFilter):
    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, text) for code, text in reason_words().items() if code != CONFIDENT.reason]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        return queryset.filter(escalation_reason=self.value()) if self.value() else queryset


class DecisionReasonFilter(ReasonFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(gate_words().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class AssigneeFilter(SimpleListFilter):
    title = "agent"
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(person.pk), str(person)) for person in User.objects.staff().order_by("name", "email")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        wanted = self.value() or ""
        return queryset.filter(assignee=int(wanted)) if wanted in dict(self.lookup_choices) else queryset


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
