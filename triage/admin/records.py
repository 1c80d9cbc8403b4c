"""What was decided and by which model. Read only, but for choosing the model that decides."""

from __future__ import annotations

import json
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts.admin import SupervisorsRead, is_supervisor
from accounts.models import User
from accounts.signin.powers import Powerful
from tickets.models import Ticket
from triage.admin.filters import AgreementFilter, DecisionReasonFilter, IntentFilter
from triage.desk.wording import reason_text
from triage.learning.parts import worse_parts
from triage.models import Action, Decision, Intent, ModelVersion
from triage.oversight import versions
from triage.templatetags.desk_words import needed, percent, with_titles

SHORT = {Action.AUTO_RESOLVE: "Automatic", Action.SUGGEST: "Suggested", Action.ESCALATE: "To a person"}
KEY_FIGURES = ("accuracy", "ece", "coverage", "error")


@admin.register(Decision)
class DecisionAdmin(SupervisorsRead):
    """The log of all decisions, with what agents said of them."""

    auditors_read = True
    list_display = [
        "decided",
        "ticket_link",
        "intent_shown",
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
    fieldsets = [
        (
            None,
            {"fields": ["ticket_link", "decided", "action_shown", "because", "detail_shown", "agreement"]},
        ),
        ("How sure", {"fields": ["intent_shown", "sure_enough", "runner_up_shown", "decided_by"]}),
        ("Evidence", {"fields": ["words", "similar_shown"]}),
        ("Text sent, or suggested to the agent", {"fields": ["answer", "response_shown"]}),
    ]
    readonly_fields = [
        "ticket_link", "decided", "action_shown", "because", "detail_shown", "agreement", "intent_shown", "sure_enough",
        "runner_up_shown", "decided_by", "words", "similar_shown", "response_shown",
    ]  # fmt: skip

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

    # --- one decision --------------------------------------------------------------------------------

    @admin.display(description="Detail")
    def detail_shown(self, decision: Decision) -> str:
        return with_titles(decision.detail, Intent.objects.values_list("slug", "title")) or "–"

    @admin.display(description="Intent")
    def intent_shown(self, decision: Decision) -> str:
        return str(decision.intent or decision.intent_slug or "None of ours")

    @admin.display(description="Confidence")
    def sure_enough(self, decision: Decision) -> str:
        before = f"; {percent(decision.objection['before'])} before" if decision.objection else ""
        return f"{percent(decision.confidence)}, {needed(decision.threshold)}{before}"

    @admin.display(description="Runner-up")
    def runner_up_shown(self, decision: Decision) -> str:
        if not decision.runner_up:
            return "–"
        other = Intent.objects.filter(slug=decision.runner_up).first()
        return f"{other or decision.runner_up}, {percent(decision.margin)} behind"

    @admin.display(description="Decided by")
    def decided_by(self, decision: Decision) -> str:
        model = decision.model_version or "no model"
        source = "keyword rules" if decision.source == "rules" else str(model)
        return f"{source}, language {decision.language or 'unknown'}, {decision.latency_ms:.0f} ms"

    @admin.display(description="Words that weighed")
    def words(self, decision: Decision) -> SafeString:
        return render_to_string("triage/decision_words.html", {"terms": decision.terms})

    @admin.display(description="Similar tickets")
    def similar_shown(self, decision: Decision) -> SafeString:
        tickets = Ticket.objects.in_bulk([row["id"] for row in decision.similar])
        near = [(tickets[row["id"]], row) for row in decision.similar if row["id"] in tickets]
        return render_to_string("triage/decision_similar.html", {"near": near})

    @admin.display(description="Text")
    def response_shown(self, decision: Decision) -> str | SafeString:
        if not decision.response:
            return "–"
        return format_html('<div class="desk-preview">{}</div>', decision.response)


def spelled_out(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values as people read them: shares in percent, counts whole, what is nested on one line."""
    return [(name.replace("_", " "), spelled(value)) for name, value in sorted(metrics.items())]


def spelled(value: Any) -> str:
    if isinstance(value, float) and 0.0 <= value < 1.0:
        return f"{value * 100:.1f} %"
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    return value if isinstance(value, str) else json.dumps(value)


@admin.register(ModelVersion)
class ModelVersionAdmin(Powerful, SupervisorsRead):
    """Trained models. Promoting one makes it decide from the next ticket on."""

    auditors_read = True
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
        return render_to_string("triage/model_figures.html", {"figures": spelled_out(version.metrics)})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        kwargs["extra_context"] = {"show_save": False, "show_save_and_continue": False}  # nothing to save
        return super().change_view(request, object_id, *args, **kwargs)

    @action(description="Promote: let it decide", permissions=["promote"])
    def promote(self, request: HttpRequest, obj: ModelVersion) -> None:
        """Where it is worse in any part than the one that decides, that is asked about on a page of its own."""
        if worse_parts(obj.metrics.get("comparison", {})):
            request.asked_to_promote = True  # type: ignore[attr-defined]
            return
        with versions.changing("champion", by=cast(User, request.user)):
            obj.promote()
        self.message_user(request, f"{obj} decides from the next ticket on.")

    def response_change(self, request: HttpRequest, obj: ModelVersion) -> HttpResponse:
        if getattr(request, "asked_to_promote", False):
            return redirect("triage-promote", obj.pk)
        return super().response_change(request, obj)

    def has_promote_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return (
            is_supervisor(request)
            and not ModelVersion.objects.filter(pk=object_id, is_champion=True).exists()
        )
