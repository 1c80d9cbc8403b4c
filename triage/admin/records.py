"""What was decided and by which model. Read only, but for choosing the model that decides."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts.admin import SupervisorsRead, is_supervisor
from triage.admin.filters import AgreementFilter, DecisionReasonFilter, IntentFilter
from triage.models import Action, Decision, ModelVersion
from triage.templatetags.desk_words import percent
from triage.wording import reason_text

SHORT = {Action.AUTO_RESOLVE: "Automatic", Action.SUGGEST: "Suggested", Action.ESCALATE: "To a person"}
KEY_FIGURES = ("accuracy", "ece", "coverage", "error")


@admin.register(Decision)
class DecisionAdmin(SupervisorsRead):
    """The log of all decisions, with what agents said of them."""

    list_display = [
        "decided",
        "ticket_link",
        "intent_slug",
        "sure",
        "action_shown",
        "because",
        "agreement",
    ]
    list_filter = ["action", DecisionReasonFilter, AgreementFilter, IntentFilter, "applied"]
    list_select_related = ["ticket", "intent", "corrected_intent"]
    search_fields = ["=ticket__reference", "=intent_slug"]
    search_help_text = "Reference of the ticket, or the code of an intent"
    ordering = ["-id"]
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).defer("terms", "similar", "response")

    @admin.display(description="Decided")
    def decided(self, decision: Decision) -> str:
        return date_format(timezone.localtime(decision.created_at), "j M Y, H:i")

    @admin.display(description="Ticket")
    def ticket_link(self, decision: Decision) -> SafeString:
        address = reverse("admin:tickets_ticket_change", args=[decision.ticket_id])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, decision.ticket.reference)

    @admin.display(description="Confidence")
    def sure(self, decision: Decision) -> str:
        return percent(decision.confidence)

    @display(
        description="Action",
        label={
            "Automatic": "success",
            "Suggested": "info",
            "To a person": "warning",
        },
    )
    def action_shown(self, decision: Decision) -> str:
        return SHORT[Action(decision.action)]

    @admin.display(description="Reason")
    def because(self, decision: Decision) -> str:
        late = "" if decision.applied else " (not applied: a person was first)"
        return reason_text(decision.reason) + late

    @admin.display(description="Agents say")
    def agreement(self, decision: Decision) -> str:
        if not decision.corrected_at:
            return "–"
        if decision.corrected_intent == decision.intent:
            return "Right"
        return f"No: {decision.corrected_intent or 'none of ours'}"


@admin.register(ModelVersion)
class ModelVersionAdmin(SupervisorsRead):
    """Trained models. Promoting one makes it decide from the next ticket on."""

    list_display = ["__str__", "champion", "figures", "created_at", "promoted_at"]
    list_before_template = "triage/training_hint.html"
    ordering = ["-id"]
    fields = [
        "folder",
        "index_folder",
        "training_fingerprint",
        "metrics_shown",
        "is_champion",
        "created_at",
        "promoted_at",
    ]
    readonly_fields = fields
    actions_submit_line = ["promote"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every field is read-only; the right to change is the right to promote."""
        return is_supervisor(request)

    @display(description="Decides", boolean=True)
    def champion(self, version: ModelVersion) -> bool:
        return version.is_champion

    @admin.display(description="Held-out figures")
    def figures(self, version: ModelVersion) -> str:
        known = {
            name: version.metrics[name]
            for name in KEY_FIGURES
            if isinstance(version.metrics.get(name), float)
        }
        return ", ".join(f"{name} {value:.1%}" for name, value in known.items()) or "–"

    @admin.display(description="Metrics")
    def metrics_shown(self, version: ModelVersion) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(version.metrics, indent=2, sort_keys=True))

    @action(description="Promote: let it decide", permissions=["promote"])
    def promote(self, request: HttpRequest, obj: ModelVersion) -> None:
        obj.promote()
        self.message_user(request, f"{obj} decides from the next ticket on.")

    def has_promote_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return (
            is_supervisor(request)
            and not ModelVersion.objects.filter(pk=object_id, is_champion=True).exists()
        )
