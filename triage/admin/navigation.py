"""The admin's side bar: the desk for agents, the policy and its results for supervisors."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from accounts.admin import is_supervisor, reads_house


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    desk = [
        _item("Queue", "inbox", "admin:tickets_ticket_changelist"),
        _item("Macros", "bolt", "admin:macros_macro_changelist"),
        _item("Teams", "groups", "desk-teams"),
        _item("Absences", "event_busy", "admin:teams_absence_changelist"),
        _item("Languages", "translate", "triage-languages"),
    ]
    if not reads_house(request):
        return [{"title": "Desk", "items": desk}]
    if not is_supervisor(request):
        return _for_auditors()
    return [
        {"title": "Desk", "items": [_item("Overview", "home", "admin:index"), *desk]},
        {
            "title": "Results",
            "items": [
                _item("Metrics", "monitoring", "triage-metrics"),
                _item("Decisions", "gavel", "admin:triage_decision_changelist"),
                _item("Review answers", "fact_check", "oversight-review"),
                _item("Alarms", "notifications_active", "oversight-alarms"),
                _item("What comes in", "ssid_chart", "oversight-drift"),
                _item("Recall answers", "undo", "oversight-recall"),
                _item("Feedback", "reviews", "admin:tickets_feedback_changelist"),
                _item("Help centre readers", "menu_book", "help-readers"),
                _item("Drafts of the model", "edit_note", "admin:drafts_proposal_changelist"),
            ],
        },
        {
            "title": "Policy",
            "items": [
                _item("Ladder", "stairs", "oversight-ladder"),
                _item("Intents", "category", "admin:triage_intent_changelist"),
                _item("Answers", "chat", "admin:triage_answer_changelist"),
                _item("Articles", "article", "admin:help_article_changelist"),
                _item("Never-automate rules", "shield", "admin:triage_guard_changelist"),
                _item("Candidates", "rule", "admin:triage_example_changelist", "?review=waiting"),
                _item("Examples", "school", "admin:triage_example_changelist"),
                _item("Models", "model_training", "admin:triage_modelversion_changelist"),
                _item("Unanswered", "quiz", "triage-unanswered"),
                _item("What if", "tune", "triage-what-if"),
                _item("Train and compare", "compare_arrows", "triage-training"),
                _item("Backtest", "update", "triage-backtests"),
                _item("Simulator", "science", "triage-simulator"),
                _item("Changes", "history", "admin:oversight_policyversion_changelist"),
            ],
        },
        {
            "title": "House",
            "items": [
                _item("Teams", "groups", "admin:teams_team_changelist"),
                _item("Shifts", "schedule", "admin:teams_shift_changelist"),
                _item("Tags", "sell", "admin:tags_tag_changelist"),
                _item("Fields", "list_alt", "admin:fields_field_changelist"),
                _item("Set up your house", "storefront", "triage-house"),
                _item("Mailboxes", "alternate_email", "admin:email_channel_mailbox_changelist"),
                _item("Mail that came", "mail", "admin:email_channel_inboundmail_changelist"),
                _item("Widget", "chat_bubble", "admin:widget_site_changelist"),
                _item("Working hours", "calendar_month", "admin:service_calendar_changelist"),
                _item("Reply times", "timer", "admin:service_target_changelist"),
                _item("People", "group", "admin:accounts_user_changelist"),
                _item("Invitations", "person_add", "admin:invitations_invitation_changelist"),
                _item("Webhooks", "webhook", "admin:webhooks_endpoint_changelist"),
                _item("API tokens", "key", "admin:tokens_apitoken_changelist"),
                _item("Background work", "sync", "admin:tickets_job_changelist"),
            ],
        },
    ]


def _for_auditors() -> list[dict[str, Any]]:
    """What may be read, and nothing that only does something."""
    return [
        {
            "title": "Desk",
            "items": [
                _item("Overview", "home", "admin:index"),
                _item("Queue", "inbox", "admin:tickets_ticket_changelist"),
                _item("Teams", "groups", "desk-teams"),
                _item("Languages", "translate", "triage-languages"),
            ],
        },
        {
            "title": "Results",
            "items": [
                _item("Metrics", "monitoring", "triage-metrics"),
                _item("Decisions", "gavel", "admin:triage_decision_changelist"),
                _item("Precision", "fact_check", "oversight-precision"),
                _item("Alarms", "notifications_active", "oversight-alarms"),
                _item("What comes in", "ssid_chart", "oversight-drift"),
                _item("Feedback", "reviews", "admin:tickets_feedback_changelist"),
                _item("Help centre readers", "menu_book", "help-readers"),
            ],
        },
        {
            "title": "Policy",
            "items": [
                _item("Ladder", "stairs", "oversight-ladder"),
                _item("Intents", "category", "admin:triage_intent_changelist"),
                _item("Answers", "chat", "admin:triage_answer_changelist"),
                _item("Never-automate rules", "shield", "admin:triage_guard_changelist"),
                _item("Models", "model_training", "admin:triage_modelversion_changelist"),
                _item("Unanswered", "quiz", "triage-unanswered"),
                _item("Train and compare", "compare_arrows", "triage-training"),
                _item("Backtest", "update", "triage-backtests"),
                _item("Changes", "history", "admin:oversight_policyversion_changelist"),
                _item("People", "group", "admin:accounts_user_changelist"),
                _item("Invitations", "person_add", "admin:invitations_invitation_changelist"),
            ],
        },
    ]


def _item(title: str, icon: str, view: str, query: str = "") -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(view) + query}


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"title": "Change password", "link": reverse("account_change_password")},
        {"title": "Second factor", "link": reverse("mfa_index")},
        {"title": "API tokens", "link": reverse("api-tokens")},
    ]


def tokens(request: HttpRequest) -> str:
    return static("css/variables.css")


def theme(request: HttpRequest) -> str:
    return static("css/admin.css")


def tools(request: HttpRequest) -> str:
    return static("css/tools.css")


def script(request: HttpRequest) -> str:
    return static("js/desk.js")


def favicon(request: HttpRequest) -> str:
    return static("img/favicon.svg")
