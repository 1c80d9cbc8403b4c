"""Teams with their members and rules, and who is away or when at work: supervisors set them up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelectWidget

from accounts.admin import BoundedAdmin, SupervisorsEdit, is_agent, is_supervisor
from accounts.models import User
from accounts.signin.powers import Powerful
from tickets.channels.email.models import Mailbox
from tickets.service.admin import ServiceInline
from tickets.states import Channel
from tickets.teams.models import MOST_SKILLS, Absence, Membership, Rule, Shift, Team, today
from triage.models import Intent


def intents(*kept: str) -> list[tuple[str, str]]:
    """Code and title of each; a code that is kept stays to be chosen though its intent is gone."""
    known = list(Intent.objects.order_by("title").values_list("slug", "title"))
    return known + [(code, f"{code} (gone)") for code in kept if code and code not in dict(known)]


class MembershipForm(forms.ModelForm):
    skills = forms.MultipleChoiceField(
        required=False, widget=UnfoldAdminSelect2MultipleWidget, label="Knows best"
    )

    class Meta:
        model = Membership
        fields = ["agent", "skills"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skills"].choices = intents(*self.instance.skills)  # type: ignore[attr-defined]
        if "agent" in self.fields:
            self.fields["agent"].queryset = User.objects.staff().order_by("name", "email")  # type: ignore[attr-defined]
            self.fields["agent"].widget.attrs["aria-label"] = "Agent"
        self.fields["skills"].widget.attrs["aria-label"] = "Knows best"

    def clean_skills(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["skills"]
        if len(chosen) > MOST_SKILLS:
            raise forms.ValidationError(f"{MOST_SKILLS} intents at most.")
        return chosen


class RuleForm(forms.ModelForm):
    mailbox = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    intent = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Rule
        fields = ["place", "mailbox", "channel", "intent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boxes = list(Mailbox.objects.order_by("address").values_list("address", flat=True))
        boxes += [one for one in (self.instance.mailbox,) if one and one not in boxes]
        any_box, any_intent = ("", "Any mailbox"), ("", "Any intent")
        if "channel" in self.fields:
            self.fields["channel"].choices = [("", "Any channel"), *Channel.choices]  # type: ignore[attr-defined]
        self.fields["mailbox"].choices = [any_box, *((one, one) for one in boxes)]  # type: ignore[attr-defined]
        self.fields["intent"].choices = [any_intent, *intents(self.instance.intent)]  # type: ignore[attr-defined]
        for name in ("mailbox", "intent"):
            self.fields[name].widget.attrs["aria-label"] = name.capitalize()


class MembersInline(ServiceInline):
    model = Membership
    form = MembershipForm
    fields = ["agent", "skills"]
    verbose_name, verbose_name_plural = "member", "Members"


class RulesInline(ServiceInline):
    model = Rule
    form = RuleForm
    fields = ["place", "mailbox", "channel", "intent"]
    verbose_name = "rule"
    verbose_name_plural = "Tickets that come to this team (every filled field must match; the first match of any team’s rule decides)"


@admin.register(Team)
class TeamAdmin(Powerful, SupervisorsEdit):
    auditors_read = True
    inlines = [MembersInline, RulesInline]
    list_display = ["name", "how_many", "seen_by", "gives"]
    search_fields = ["name"]
    fields = ["name", "is_closed", "gives"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(how_many=Count("memberships"))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: a team that has tickets stays."""
        return {}

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """One that has tickets stays: if it is closed, they would be everybody's."""
        return is_supervisor(request) and not (obj is not None and obj.tickets.exists())

    @display(description="Members")
    def how_many(self, team: Any) -> int:
        return int(team.how_many)

    @display(description="Tickets seen by", ordering="is_closed")
    def seen_by(self, team: Team) -> str:
        return "its members" if team.is_closed else "all agents"


class ColleagueForm(forms.ModelForm):
    """Of who works here; agents write down only their own absences."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "agent" in self.fields:
            self.fields["agent"].queryset = User.objects.staff().order_by("name", "email")  # type: ignore[attr-defined]
        if "calendar" in self.fields:
            self.fields["calendar"].help_text = "When the agent works. Who has no shift is always there."


@admin.register(Absence)
class AbsenceAdmin(BoundedAdmin):
    """Each agent's own; supervisors see and change all."""

    form = ColleagueForm
    list_display = ["agent", "first_day", "last_day", "is_away"]
    list_select_related = ["agent"]
    ordering = ["first_day"]

    def get_fields(self, request: HttpRequest, obj: Absence | None = None) -> list[str]:
        return ["agent", "first_day", "last_day"] if is_supervisor(request) else ["first_day", "last_day"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Absence]:
        rows = super().get_queryset(request)
        return rows if is_supervisor(request) else rows.filter(agent=request.user.pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_agent(request)

    has_add_permission = has_module_permission

    def has_view_permission(self, request: HttpRequest, obj: Absence | None = None) -> bool:
        whole = obj is None or is_supervisor(request)
        return is_agent(request) and (whole or obj.agent_id == request.user.pk)  # type: ignore[union-attr]

    has_change_permission = has_delete_permission = has_view_permission

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        if not change and not is_supervisor(request):
            obj.agent = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @display(description="Now", label={"Away": "warning"})
    def is_away(self, absence: Absence) -> str | None:
        return "Away" if absence.first_day <= today() <= absence.last_day else None


@admin.register(Shift)
class ShiftAdmin(SupervisorsEdit):
    """Which of the house's calendars are an agent's working hours."""

    auditors_read = True
    form = ColleagueForm
    list_display = ["agent", "calendar"]
    list_select_related = ["agent", "calendar"]
    fields = ["agent", "calendar"]
    ordering = ["pk"]
