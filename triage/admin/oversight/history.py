"""The policy's history: every change with who, when and why, what it changed, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import action

from accounts.admin import SupervisorsRead, is_supervisor
from accounts.models import User
from accounts.signin.powers import Powerful, power
from triage.admin.access import supervisors_only
from triage.models import Answer, Intent, Mode
from triage.oversight import restoring, versions
from triage.oversight.versions import Change, PolicyVersion

PARTS = {
    "mode": "Mode", "limit": "Own limit", "rule": "Rule", "guard": "Never-automate rule", "answer": "Answer sent",
    "fact": "Fact of the house", "champion": "Model that decides", "limits": "Setting",
}  # fmt: skip


class Versioned(Powerful):
    """What is saved through this admin is a version of the policy."""

    policy_action = "intent"

    def _changing(self, request: HttpRequest) -> AbstractContextManager[None]:
        if request.method != "POST" or not is_supervisor(request):
            return nullcontext()
        return versions.changing(self.policy_action, by=cast(User, request.user))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._changing(request):
            return super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._changing(request):
            return super().delete_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with self._changing(request):
            return super().changelist_view(request, *args, **kwargs)


def told(changes: list[Change]) -> Iterator[tuple[str, str, str, str]]:
    """(part, which, before, after) in words."""
    titles = dict(Intent.objects.values_list("slug", "title"))
    answers = Answer.objects.in_bulk(
        [value for one in changes if one.part == "answer" for value in (one.before, one.after) if value]
    )
    for one in changes:
        key = titles.get(one.key, one.key) if one.part in {"mode", "limit"} else one.key
        if one.part in {"rule", "guard"}:
            key = str((one.after or one.before)[0])
        if one.part == "answer":
            values = [
                f"v{answers[value].version}" if value in answers else value
                for value in (one.before, one.after)
            ]
        else:
            values = [_value(one, value) for value in (one.before, one.after)]
        before, after = (str(value) if value is not None else "–" for value in values)
        yield PARTS.get(one.part, one.part), key, before, after


def _value(change: Change, value: Any) -> Any:
    if value is None:
        return None
    if change.part == "mode":
        return Mode(value).label.partition(":")[0] if value in Mode.values else value
    if change.part == "rule":
        return f"{value[1]} ({value[2]:g}{'' if value[3] else ', off'})"
    if change.part == "guard":
        return f"{value[1]}{'' if value[2] else ' (off)'}"
    return value


@admin.register(PolicyVersion)
class PolicyVersionAdmin(Powerful, SupervisorsRead):
    """Read only, but for going back."""

    auditors_read = True
    list_display = ["number", "when", "what", "changes", "who", "why"]
    list_select_related = ["by", "note"]
    list_filter = ["action"]
    ordering = ["-id"]
    sortable_by = ()
    fields = ["what", "when", "who", "why", "changed"]
    readonly_fields = fields
    actions_submit_line = ["restore"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        return super().get_queryset(request).select_related("by", "note")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every field is read-only; the right to change is the right to restore."""
        return is_supervisor(request)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        kwargs["extra_context"] = {"show_save": False, "show_save_and_continue": False}
        return super().change_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: bool) -> None:
        """The row itself is never written again: only the button that was pressed counts."""
        if "oversight_policyversion_restore" in request.POST and self.has_restore_permission(request, obj.pk):
            self.restore(request, obj)

    @admin.display(description="Version")
    def number(self, version: PolicyVersion) -> str:
        return str(version)

    @admin.display(description="When")
    def when(self, version: PolicyVersion) -> str:
        return date_format(timezone.localtime(version.at), "j M Y, H:i")

    @admin.display(description="What")
    def what(self, version: PolicyVersion) -> str:
        return version.words

    @admin.display(description="Who")
    def who(self, version: PolicyVersion) -> str:
        if version.by:
            return str(version.by)
        return "The alarm" if version.action == "alarm" else "Command line or machine"

    @admin.display(description="Why")
    def why(self, version: PolicyVersion) -> str:
        note = getattr(version, "note", None)
        return note.why if note and note.why else "–"

    @admin.display(description="Changed")
    def changed(self, version: PolicyVersion) -> SafeString:
        note = getattr(version, "note", None)
        context = {
            "rows": list(told(versions.changes_of(version))), "flips": note.flips if note else None, "version": version,
        }  # fmt: skip
        return render_to_string("oversight/changes.html", context)

    @action(description="Restore the policy as it was after this change", permissions=["restore"])
    def restore(self, request: HttpRequest, obj: PolicyVersion) -> None:
        try:
            left = restoring.restore(obj, by=cast(User, request.user))
        except restoring.Gone as gone:
            self.message_user(request, str(gone), messages.ERROR)
            return
        self.message_user(request, f"The policy is as it was after {obj}. It counts from the next ticket on.")
        for line in left:
            self.message_user(request, line, messages.WARNING)

    def has_restore_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        newest = versions.latest()
        return is_supervisor(request) and (newest is None or str(newest.pk) != str(object_id))


@supervisors_only
@require_POST
@power()
def undo(request: HttpRequest, version_id: int) -> HttpResponse:
    """Take back the change that was just made."""
    version = get_object_or_404(PolicyVersion, pk=version_id)
    try:
        left = restoring.undo(version, by=cast(User, request.user))
    except restoring.Gone as gone:
        messages.error(request, str(gone))
    else:
        messages.success(request, f"{version.words}: undone.")
        for line in left:
            messages.warning(request, line)
    return redirect(request.POST["next"] if _ours(request) else "admin:oversight_policyversion_changelist")


def _ours(request: HttpRequest) -> bool:
    return request.POST.get("next", "").startswith("/admin/")
