"""The ticket domain's own admin pages: background work and feedback. The queue lives beside the desk, in triage."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from accounts.admin import SupervisorsRead, is_supervisor
from tickets.background.jobs import Job
from tickets.models import Channel, Feedback


class JobStateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", "Given up"), ("waiting", "Waiting"), ("done", "Done")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() == "failed":
            return queryset.exclude(failed_at=None)
        if self.value() == "waiting":
            return queryset.filter(finished_at=None, failed_at=None)
        if self.value() == "done":
            return queryset.exclude(finished_at=None)
        return queryset


@admin.register(Job)
class JobAdmin(SupervisorsRead):
    """Work that must happen, and what was given up."""

    list_display = ["kind", "subject_id", "state", "attempts", "last_error", "run_at", "finished_at"]
    list_filter = [JobStateFilter]
    search_fields = ["=kind", "=unique_key"]
    ordering = ["-id"]
    actions = ["run_again"]

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    @display(
        description="State",
        label={"Given up": "danger", "Done": "success", "Running": "info", "Waiting": "warning"},
    )
    def state(self, job: Job) -> str:
        if job.failed_at:
            return "Given up"
        if job.finished_at:
            return "Done"
        return "Running" if job.lease_until and job.lease_until > timezone.now() else "Waiting"

    @admin.action(description="Run again what was given up", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        given_up = list(queryset.exclude(failed_at=None))
        for job in given_up:
            job.begin_again()
        level = messages.SUCCESS if given_up else messages.WARNING
        self.message_user(request, f"{len(given_up)} of the chosen jobs will run again.", level)


class RatingFilter(SimpleListFilter):
    """The five ratings as they are; Django's own filter would read the whole table to find them."""

    title = "rating"
    parameter_name = "rating"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(stars), f"{stars} of 5") for stars in range(5, 0, -1)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> QuerySet[Feedback]:
        chosen = self.value() or ""
        return queryset.filter(rating=chosen) if chosen in dict(self.lookup_choices) else queryset


@admin.register(Feedback)
class FeedbackAdmin(SupervisorsRead):
    """What requesters say of the answers."""

    auditors_read = True
    list_display = ["ticket", "solved", "rating", "comment", "updated_at"]
    list_filter = ["solved", RatingFilter]
    list_select_related = ["ticket"]
    search_fields = ["=ticket__reference", "comment"]
    ordering = ["-updated_at", "-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        """What came with imported history was not said to this house, nor when it was imported."""
        return super().get_queryset(request).exclude(ticket__channel=Channel.IMPORT)
