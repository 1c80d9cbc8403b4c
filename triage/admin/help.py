"""The help centre for supervisors: its articles, and what its readers make of it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts.admin import ROW_ID, SupervisorsEdit, is_supervisor
from triage.admin.access import house_readers, page
from triage.answers import facts, language_tags
from triage.answers.help.encounters import saving
from triage.answers.help.models import KEPT, Article, Unfound, Vote
from triage.answers.help.texts import public_text
from triage.models import Answer

DAYS: Final = 90
SHOWN: Final = 50
TEXTS: Final = ["title", "summary", "topic", "order", "body"]


@admin.register(Article)
class ArticleAdmin(SupervisorsEdit):
    """A draft is written, read as the public will, approved. What was approved never changes: a new version is drafted."""

    list_display = ["title", "topic", "language", "version", "state_shown", "approved_by", "approved_at"]
    list_filter = ["state", "language", "topic"]
    list_select_related = ["intent", "approved_by"]
    search_fields = ["title", "summary", "intent__slug"]
    autocomplete_fields = ["intent"]
    ordering = ["language", "order", "-version"]
    actions = ["approve_all"]
    actions_submit_line = ["approve", "retire"]
    shown = ["preview", "version", "state", "approved_by", "approved_at", "next_version"]

    def get_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        return ["intent", "language", *TEXTS, *(self.shown if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> list[str]:
        if obj is None:
            return []
        texts = [] if obj.state == Article.State.DRAFT else TEXTS
        return ["intent", "language", *texts, *self.shown]

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return super().has_delete_permission(request) and obj is not None and obj.state == Article.State.DRAFT

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version begins with the texts of the one before."""
        initial = super().get_changeform_initial_data(request)
        number = request.GET.get("version_of", "")
        before = Article.objects.filter(pk=number).first() if ROW_ID.fullmatch(number) else None
        if before is not None:
            texts = {name: getattr(before, name) for name in TEXTS}
            initial |= {"intent": before.intent_id, "language": before.language, **texts}
        return initial

    @display(description="State", label={"Approved": "success", "Draft": "warning", "Retired": "default"})
    def state_shown(self, article: Article) -> str:
        return article.get_state_display()

    @admin.display(description="As the public reads it")
    def preview(self, article: Article) -> SafeString:
        base = language_tags.base(article.language)
        approved = Answer.objects.filter(intent=article.intent, state=Answer.State.APPROVED)
        letter = next((one.letter for one in approved if language_tags.base(one.language) == base), None)
        text = public_text(article.body, letter, facts.current(), article.language)
        if text is None:
            return format_html(
                "<p>{}</p>", "Not shown: its answer is not approved, or lacks a fact of the house."
            )
        return format_html('<div class="desk-preview">{}</div>', text)

    @admin.display(description="Next version")
    def next_version(self, article: Article) -> SafeString:
        address = f"{reverse('admin:help_article_add')}?version_of={article.pk}"
        return format_html('<a class="desk-link" href="{}">Draft a new version from this one</a>', address)

    @admin.action(description="Approve: show these to the public")
    def approve_all(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        drafts = [one for one in queryset if one.state == Article.State.DRAFT]
        for article in drafts:
            article.approve(request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{len(drafts)} articles are approved.")

    @action(description="Approve: show it to the public", permissions=["approve"])
    def approve(self, request: HttpRequest, obj: Article) -> None:
        obj.approve(request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{obj} is approved. The help centre shows it at once.")

    @action(description="Retire", permissions=["retire"])
    def retire(self, request: HttpRequest, obj: Article) -> None:
        obj.retire()
        self.message_user(request, f"{obj} is retired.")

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_supervisor(request) and not _is_approved(object_id)

    def has_retire_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return is_supervisor(request) and (object_id is None or _is_approved(object_id))


def _is_approved(article_id: Any) -> bool:
    return Article.objects.filter(pk=article_id, state=Article.State.APPROVED).exists()


@house_readers
def readers(request: HttpRequest) -> HttpResponse:
    """What answers beside the form save, what was searched for in vain, and what readers think of each article."""
    votes = (
        Vote.objects.values("slug", "language")
        .annotate(yes=Count("pk", filter=Q(helpful=True)), no=Count("pk", filter=Q(helpful=False)))
        .order_by("-no", "slug")
    )
    return page(
        request, "triage/help_readers.html", "Help centre: readers", days=DAYS, kept=KEPT.days, saving=saving(DAYS),
        unfound=Unfound.objects.all()[:SHOWN], votes=votes[:SHOWN],
        comments=Vote.objects.exclude(comment="").order_by("-at")[:SHOWN],
    )  # fmt: skip
