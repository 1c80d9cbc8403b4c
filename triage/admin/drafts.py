"""The record of what the language model was asked, what it answered, and what agents did with it. Read only."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin import SupervisorsRead
from triage.drafts import limits, outcomes
from triage.drafts.faults import WORDS
from triage.drafts.models import Proposal
from triage.templatetags.desk_words import percent


@admin.register(Proposal)
class ProposalAdmin(SupervisorsRead):
    """With the figures of the last 30 days above: the drafts beside the plain suggestion."""

    auditors_read = True
    list_display = ["asked", "ticket_link", "kind", "ended", "outcome_shown", "kept_shown", "tokens", "model"]
    list_filter = ["kind", "state", "outcome"]
    list_select_related = ["ticket", "approved__intent"]
    search_fields = ["=ticket__reference"]
    search_help_text = "Reference of the ticket"
    ordering = ["-id"]
    sortable_by = ()
    list_before_template = "triage/drafts_figures.html"
    fieldsets = [
        (None, {"fields": ["ticket_link", "asked", "agent", "kind", "language", "ended"]}),
        ("What became of it", {"fields": ["outcome_shown", "kept_shown", "suggestion_shown"]}),
        ("What it cost", {"fields": ["model", "tokens", "milliseconds"]}),
        ("Shown to the agent", {"fields": ["parts_shown", "struck"]}),
        ("Sent to the model, masked", {"fields": ["prompt_shown"]}),
        ("Answer of the model", {"fields": ["answer_shown"]}),
    ]
    readonly_fields = [
        "ticket_link", "asked", "ended", "outcome_shown", "kept_shown", "suggestion_shown", "parts_shown", "prompt_shown",
        "answer_shown",
    ]  # fmt: skip

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        known = {
            "drafts": outcomes.figures(),
            "drafting": limits.is_on(),
            "spent": limits.spent_today(),
        }
        return super().changelist_view(request, {**(extra_context or {}), **known})

    @admin.display(description="Asked")
    def asked(self, one: Proposal) -> str:
        return date_format(timezone.localtime(one.created_at), "j M Y, H:i")

    @admin.display(description="About")
    def ticket_link(self, one: Proposal) -> SafeString:
        if one.ticket is None:
            address = reverse("admin:triage_answer_change", args=[one.approved_id])
            return format_html('<a class="desk-link" href="{}">{}</a>', address, one.approved)
        address = reverse("admin:tickets_ticket_change", args=[one.ticket_id])
        return format_html('<a class="desk-link" href="{}">{}</a>', address, one.ticket.reference)

    @admin.display(description="State")
    def ended(self, one: Proposal) -> str:
        return WORDS.get(one.failure, one.get_state_display())

    @admin.display(description="The agent")
    def outcome_shown(self, one: Proposal) -> str:
        return one.get_outcome_display() if one.outcome else "–"

    @admin.display(description="Kept in the reply")
    def kept_shown(self, one: Proposal) -> str:
        return percent(one.kept)

    @admin.display(description="Of the plain suggestion")
    def suggestion_shown(self, one: Proposal) -> str:
        return percent(one.suggestion_kept)

    @admin.display(description="Parts with their sources")
    def parts_shown(self, one: Proposal) -> SafeString | str:
        parts = ((part["text"], part["source"]) for part in one.parts)
        return format_html_join("", "<p>{} <small>({})</small></p>", parts) or "–"

    @admin.display(description="Question")
    def prompt_shown(self, one: Proposal) -> SafeString | str:
        if not one.prompt:
            return "Gone: only figures are kept so long."
        said = (f"{message['role']}: {message['content']}" for message in json.loads(one.prompt))
        return format_html_join("", '<p class="written-record">{}</p>', ((one,) for one in said))

    @admin.display(description="Answer")
    def answer_shown(self, one: Proposal) -> SafeString | str:
        return format_html('<p class="written-record">{}</p>', one.answer) if one.answer else "–"
