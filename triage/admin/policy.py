"""What supervisors decide: intents with their rules, answers, never-automate rules and examples."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.admin import TabularInline
from unfold.decorators import action, display

from accounts.admin import ROW_ID, SupervisorsEdit, is_supervisor
from accounts.models import User
from triage.admin.filters import CandidateFilter, ExampleIntentFilter, ExampleStanceFilter
from triage.admin.oversight import ladder as ladder_pages
from triage.admin.oversight.forms import GuardForm, IntentForm, RuleForm
from triage.admin.oversight.history import Versioned
from triage.admin.translations import MissingAnswerFilter, OriginalChangedFilter
from triage.answers import facts
from triage.answers.preview import readings as letter_readings
from triage.answers.variables import NAMES
from triage.desk.forms import AnswerForm, ExampleForm
from triage.models import Answer, Example, Guard, Intent, Mode, Rule
from triage.oversight import ladder
from triage.oversight.candidates import leave_out, take_in

TEXTS = ["body", "guest_body", "summary"]
TAG = '<span class="desk-tag desk-tag-{}">{}</span>'
CHANGED = format_html(TAG, "wait", "The original changed since")
LACKS_FACTS = '<span class="desk-tag desk-tag-wait">Lacks facts</span><span class="cell-small">{}</span>'
OTHER_EYES = "You wrote this text, so another supervisor must approve it (TRIAGE_FOUR_EYES)."
NO_ANSWER = "This intent is on Auto but has no approved answer: every such ticket goes to a person."


class SupervisorsInline(TabularInline):
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)


class RuleInline(SupervisorsInline):
    model = Rule
    form = RuleForm
    fields = ["pattern", "weight", "is_active", "seen"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In a table the column's head is no label to a screen reader."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field


class AnswerInline(SupervisorsInline):
    """The versions of the answer; each opens on its own page, where it is approved or retired."""

    model = Answer
    fields = ["version_shown", "state", "opening", "approved_by", "approved_at"]
    readonly_fields = fields
    verbose_name_plural = "answers (versions)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        return super().get_queryset(request).select_related("approved_by", "intent")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Version")
    def version_shown(self, answer: Answer) -> SafeString:
        address = reverse("admin:triage_answer_change", args=[answer.pk])
        return format_html(
            '<a class="desk-link" href="{}">{} v{}</a>', address, answer.language, answer.version
        )

    @admin.display(description="Text")
    def opening(self, answer: Answer) -> str:
        return Truncator(answer.body).chars(120)


@admin.register(Intent)
class IntentAdmin(Versioned, SupervisorsEdit):
    """How far each intent is automated."""

    auditors_read = True
    list_display = ["title", "slug", "group", "mode_shown", "threshold", "approved"]
    list_filter = ["mode", "group", MissingAnswerFilter]
    search_fields = ["slug", "title"]
    ordering = ["group", "slug"]
    inlines = [RuleInline, AnswerInline]
    actions = ["switch_off", "only_suggest"]
    harmless_actions = ("switch_off", "only_suggest")
    fieldsets = [
        (None, {"fields": ["title", "slug", "group", "description"]}),
        ("Automation", {"fields": ["mode", "threshold", "ladder_link", "draft_link"]}),
    ]
    readonly_fields = ["ladder_link", "draft_link"]
    form = IntentForm

    def save_model(self, request: HttpRequest, obj: Intent, form: ModelForm[Intent], change: bool) -> None:
        """On the way down no language stays higher."""
        super().save_model(request, obj, form, change)
        if (
            change
            and "mode" in form.changed_data
            and Mode(form.initial["mode"]).height > Mode(obj.mode).height
        ):
            obj.cap_languages()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intent]:
        approved = Answer.objects.filter(state=Answer.State.APPROVED)
        rows = (
            super().get_queryset(request).annotate(answerable=Exists(approved.filter(intent=OuterRef("pk"))))
        )
        return rows.prefetch_related(Prefetch("answers", approved, to_attr="approved_answers"))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look once, for all rows, at what the house has said."""
        listed = super().get_changelist_instance(request)
        known = facts.current()
        for intent in listed.result_list:
            intent.lacks = {
                fact.label: None for one in intent.approved_answers for fact in one.missing_facts(known)
            }
        return listed

    def has_delete_permission(self, request: HttpRequest, obj: Intent | None = None) -> bool:
        """What once decided a ticket stays; switch it off instead."""
        return super().has_delete_permission(request) and obj is not None and not obj.decisions.exists()

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        intent = self.get_object(request, object_id)
        if request.method == "GET" and intent and intent.mode == Mode.AUTO and not intent.answerable:
            self.message_user(request, NO_ANSWER, messages.WARNING)
        return super().change_view(request, object_id, *args, **kwargs)

    @display(
        description="Mode",
        label={"Auto": "success", "Suggest": "info", "Shadow": "warning", "Off": "default"},
        ordering="mode",
    )
    def mode_shown(self, intent: Intent) -> str:
        return intent.get_mode_display().partition(":")[0]

    @admin.display(description="Answer")
    def approved(self, intent: Intent) -> SafeString:
        """Whether there is one, and what the house has still to say for it."""
        if intent.lacks:  # type: ignore[attr-defined]
            missing = ", ".join(intent.lacks)  # type: ignore[attr-defined]
            return format_html(LACKS_FACTS, missing)
        if intent.answerable:  # type: ignore[attr-defined]
            return format_html(TAG, "good", "Approved")
        return format_html(TAG, *(("bad", "Missing on Auto") if intent.mode == Mode.AUTO else ("", "None")))

    @admin.display(description="Evidence")
    def ladder_link(self, intent: Intent) -> str | SafeString:
        if intent.pk is None:
            return "Save the intent first."
        address = reverse("oversight-intent", args=[intent.pk])
        return format_html('<a class="desk-link" href="{}">What is known, and the step to Auto</a>', address)

    @admin.display(description="Answer")
    def draft_link(self, intent: Intent) -> str | SafeString:
        if intent.pk is None:
            return "Save the intent first."
        begun: dict[str, str | int] = {"intent": intent.pk, "language": "en"}
        query = urlencode(begun)
        return format_html(
            '<a class="desk-link" href="{}?{}">Draft an answer</a>', reverse("admin:triage_answer_add"), query
        )

    @admin.action(description="Switch automation off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Intent]) -> HttpResponse | None:
        return ladder_pages.confirm_modes(request, queryset, Mode.OFF, "switch_off")

    @admin.action(description="Only suggest", permissions=["change"])
    def only_suggest(self, request: HttpRequest, queryset: QuerySet[Intent]) -> HttpResponse | None:
        return ladder_pages.confirm_modes(request, queryset, Mode.SUGGEST, "only_suggest")


@admin.register(Guard)
class GuardAdmin(Versioned, SupervisorsEdit):
    auditors_read = True
    policy_action = "guard"
    form = GuardForm
    list_display = ["topic", "pattern", "is_active"]
    list_display_links = ["topic", "pattern"]
    list_filter = ["topic", "is_active"]
    search_fields = ["topic", "pattern"]


@admin.register(Answer)
class AnswerAdmin(Versioned, SupervisorsEdit):
    """A draft is written, read with sample values, approved. What was approved never changes: a new version is drafted."""

    auditors_read = True
    policy_action = "answer"
    form = AnswerForm
    list_display = ["intent", "language", "version", "state_shown", "opening", "approved_by", "approved_at"]
    list_filter = ["state", "language", OriginalChangedFilter]
    list_select_related = ["intent", "approved_by"]
    search_fields = ["intent__slug", "intent__title", "body"]
    autocomplete_fields = ["intent"]
    ordering = ["-id"]
    actions_submit_line = ["approve", "retire"]
    fields = [
        "intent",
        "language",
        "body",
        "guest_body",
        "summary",
        "preview",
        "version",
        "state",
        "approved_by",
        "approved_at",
        "reviewed_by",
        "reviewed_at",
        "original",
        "next_version",
    ]
    shown = [
        "preview",
        "version",
        "state",
        "approved_by",
        "approved_at",
        "reviewed_by",
        "reviewed_at",
        "original",
        "next_version",
    ]

    def get_fields(self, request: HttpRequest, obj: Answer | None = None) -> list[str]:
        return self.fields if obj else ["intent", "language", *TEXTS]

    def get_readonly_fields(self, request: HttpRequest, obj: Answer | None = None) -> list[str]:
        if obj is None:
            return []
        frozen = ["intent", "language"] if obj.state == Answer.State.DRAFT else ["intent", "language", *TEXTS]
        return [*frozen, *self.shown]

    def has_delete_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        """Only drafts: what was sent to customers stays on record."""
        return super().has_delete_permission(request) and obj is not None and obj.state == Answer.State.DRAFT

    def get_form(self, request: HttpRequest, obj: Answer | None = None, **kwargs: Any) -> Any:
        names = ", ".join(f"{{{name}}}" for name in NAMES)
        help_texts = {
            "body": f"Variables: {names}",
            "guest_body": "For people without an account. Empty: they get the text above.",
            "summary": "For a question of one line. Empty: it gets the whole text.",
        }
        return super().get_form(request, obj, help_texts=help_texts, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins with the texts of the one before."""
        initial = super().get_changeform_initial_data(request)
        number = request.GET.get("version_of", "")
        before = Answer.objects.filter(pk=number).first() if ROW_ID.fullmatch(number) else None
        if before is not None:
            texts = {name: getattr(before, name) for name in TEXTS}
            initial |= {"intent": before.intent_id, "language": before.language, **texts}
        return initial

    def save_model(self, request: HttpRequest, obj: Answer, form: ModelForm[Answer], change: bool) -> None:
        """Whoever wrote the text last is its drafter."""
        if not change or set(form.changed_data) & set(TEXTS):
            obj.drafted_by = cast(User, request.user)
        super().save_model(request, obj, form, change)

    @display(description="State", label={"Approved": "success", "Draft": "warning", "Retired": "default"})
    def state_shown(self, answer: Answer) -> str:
        return answer.get_state_display()

    @admin.display(description="Text")
    def opening(self, answer: Answer) -> str:
        return Truncator(answer.body).chars(90)

    @admin.display(description="As a customer reads it")
    def preview(self, answer: Answer) -> SafeString:
        known = facts.current()
        readings = ((title, text) for title, text in letter_readings(answer, known))
        return format_html_join(
            "", '<p class="house-form">{}</p><div class="desk-preview">{}</div>', readings
        )

    @admin.display(description="Translated from")
    def original(self, answer: Answer) -> SafeString | str:
        """The text it was made from, and whether another is approved by now."""
        if answer.translated_from is None:
            return "–"
        address = reverse("admin:triage_answer_change", args=[answer.translated_from_id])
        link = format_html('<a class="desk-link" href="{}">{}</a>', address, answer.translated_from)
        if answer.translated_from.state == Answer.State.APPROVED:
            return link
        again = f"{reverse('triage-translate', args=[answer.translated_from_id])}?{urlencode({'into': answer.language})}"
        return format_html('{} {} <a class="desk-link" href="{}">Translate it anew</a>', link, CHANGED, again)

    @admin.display(description="Next version")
    def next_version(self, answer: Answer) -> SafeString:
        address = f"{reverse('admin:triage_answer_add')}?version_of={answer.pk}"
        return format_html('<a class="desk-link" href="{}">Draft a new version from this text</a>', address)

    @action(description="Approve: send this text", permissions=["approve"])
    def approve(self, request: HttpRequest, obj: Answer) -> None:
        if ladder.needs_other_eyes(obj, by=cast(User, request.user)):
            self.message_user(request, OTHER_EYES, messages.ERROR)
            return
        obj.approve(request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{obj} is approved. {_what_follows(obj)}")

    @action(description="Retire", permissions=["retire"])
    def retire(self, request: HttpRequest, obj: Answer) -> None:
        """The last answer of an automated intent is asked about on a page of its own."""
        if ladder.is_last_of_auto(obj):
            request.asked_to_retire = True  # type: ignore[attr-defined]
            return
        obj.retire()
        self.message_user(request, f"{obj} is retired.", messages.WARNING)

    def response_change(self, request: HttpRequest, obj: Answer) -> HttpResponse:
        if getattr(request, "asked_to_retire", False):
            return redirect("oversight-retire", obj.pk)
        return super().response_change(request, obj)

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_supervisor(request) and not _is_approved(object_id)

    def has_retire_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Asked without an answer, which the theme does once more before acting, it is about the role alone."""
        return is_supervisor(request) and (object_id is None or _is_approved(object_id))


def _what_follows(answer: Answer) -> str:
    if answer.intent.mode == Mode.AUTO and answer.intent.mode_in(answer.language) != Mode.AUTO:
        return (
            f"In “{answer.language}” it is only suggested, until what is seen in that language is enough "
            "for a step to Auto on the ladder."
        )
    return "It is sent from the next ticket on."


def _is_approved(answer_id: Any) -> bool:
    return Answer.objects.filter(pk=answer_id, state=Answer.State.APPROVED).exists()


@admin.register(Example)
class ExampleAdmin(SupervisorsEdit):
    """What training learns from. No intent means out of scope; a stance, that it must not be answered."""

    form = ExampleForm
    list_display = [
        "opening",
        "intent_shown",
        "stance_shown",
        "source",
        "proposed_by",
        "is_active",
        "created_at",
    ]
    list_filter = [
        CandidateFilter, ExampleIntentFilter, ExampleStanceFilter, "topic", "source", "is_active", "is_golden",
    ]  # fmt: skip
    list_select_related = ["intent", "proposed_by"]
    search_fields = ["text"]
    autocomplete_fields = ["intent"]
    actions = ["leave_out", "take_in", "keep_golden", "let_learn"]

    @admin.action(description="Keep for the golden set: never trained on", permissions=["change"])
    def keep_golden(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        number = queryset.filter(is_active=True).update(is_golden=True)
        self.message_user(request, f"{number} examples are kept for comparing models; no training uses them.")

    @admin.action(description="Take out of the golden set", permissions=["change"])
    def let_learn(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        number = queryset.filter(is_golden=True).update(is_golden=False)
        self.message_user(request, f"{number} examples are learnt from again at the next training.")

    @admin.display(description="Text")
    def opening(self, example: Example) -> str:
        return Truncator(example.text).chars(110)

    @admin.display(description="Intent")
    def intent_shown(self, example: Example) -> str:
        if example.intent:
            return str(example.intent)
        return "None" if example.stance else "Out of scope"

    @admin.display(description="Stance", ordering="stance")
    def stance_shown(self, example: Example) -> str:
        """Empty for a plain asking; with what is grave about it."""
        topic = f" ({example.get_topic_display().lower()})" if example.topic else ""
        return f"{example.get_stance_display()}{topic}"

    @admin.action(description="Leave out of training", permissions=["change"])
    def leave_out(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        self.message_user(request, f"{leave_out(queryset)} examples are left out of the next training.")

    @admin.action(description="Use for training", permissions=["change"])
    def take_in(self, request: HttpRequest, queryset: QuerySet[Example]) -> None:
        taken, over = take_in(queryset)
        self.message_user(request, f"{taken} examples will be trained on.")
        if over:
            self.message_user(
                request,
                f"{over} were left waiting: no one person teaches more than "
                f"{settings.TRIAGE_LEARNING_SHARE:.0%} of an intent's examples.",
                messages.WARNING,
            )

    def get_form(self, request: HttpRequest, obj: Example | None = None, **kwargs: Any) -> type[ModelForm]:
        return super().get_form(
            request, obj, help_texts={"intent": "Empty: out of scope; with a stance: of no topic."}, **kwargs
        )
