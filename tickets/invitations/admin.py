"""Invitations of colleagues, for supervisors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display

from accounts.admin import SupervisorsRead, is_supervisor, person, roles_of
from accounts.limits.spending import spend
from accounts.mailboxes import AddressFormField
from accounts.models import Role, User
from accounts.signin.powers import Powerful
from tickets.invitations import inviting
from tickets.invitations.models import Invitation, State
from tickets.teams.models import Team


class InvitationForm(forms.ModelForm):
    by: User
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Auditors belong to none: they see every one.",
    )  # fmt: skip

    class Meta:
        model = Invitation
        fields = ("email", "role", "teams")

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if "email" in said and "role" in said:
            try:
                inviting.check(said["email"], said["role"], said.get("teams", ()), by=self.by)
            except inviting.Refused as error:
                raise forms.ValidationError(str(error)) from None
        return said


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        chosen = self.value()
        if chosen not in State.values:
            return queryset
        asked: QuerySet[Invitation] = queryset.filter(pk__in=Invitation.objects.in_state(chosen).values("pk"))
        return asked


@admin.register(Invitation)
class InvitationAdmin(Powerful, SupervisorsRead):
    """Whom the house has invited. An invitation is revoked or sent again, never changed."""

    auditors_read = True
    form = InvitationForm
    list_display = ["email", "role", "shown_state", "invited_by", "sent_at", "expires_at"]
    list_filter = [StateFilter, "role"]
    list_select_related = ["invited_by"]
    search_fields = ["email"]
    ordering = ["-id"]
    actions = ["send_again", "revoke"]
    harmless_actions = ("revoke",)
    fields = ["email", "role", "teams", "shown_state", "invited_by", "created_at", "sent_at", "expires_at",
              "accepted_at", "accepted_by", "revoked_at"]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        return self.fields if obj else ["email", "role", *(["teams"] if Team.objects.exists() else [])]

    def get_form(
        self, request: HttpRequest, obj: Invitation | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            may = [role for role in roles_of(request) if role is not Role.REQUESTER]
            kwargs["choices"] = [(role.value, role.label) for role in may]
            kwargs["initial"] = Role.AGENT
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "email":
            kwargs["form_class"] = AddressFormField
            days = settings.INVITATION_DAYS
            kwargs["help_text"] = f"Gets an email with a link. It opens once, within {days} days."
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context.update(show_save_and_continue=False)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(
        description="State",
        label={"Waiting": "info", "Expired": "warning", "Accepted": "success", "Revoked": "danger"},
    )
    def shown_state(self, invitation: Invitation) -> str:
        return str(invitation.state.label)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        said = form.cleaned_data
        spend(request, "invite", mailbox=said["email"])
        made = inviting.invite(said["email"], said["role"], said["teams"], by=person(request))
        obj.__dict__.update(made.__dict__)

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    @action(description="Send again, with a new link", permissions=["invite"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        sent = 0
        for invitation in queryset:
            try:
                spend(request, "invite", mailbox=invitation.email)
                inviting.send_again(invitation.pk, by=person(request))
                sent += 1
            except inviting.Refused as error:
                self.message_user(request, f"{invitation.email}: {error}", messages.WARNING)
        if sent:
            self.message_user(request, f"{sent} sent again. The links before open nothing any more.")

    @action(description="Revoke", permissions=["invite"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        ended = 0
        for invitation in queryset:
            try:
                inviting.revoke(invitation.pk, by=person(request))
                ended += 1
            except inviting.Refused as error:
                self.message_user(request, f"{invitation.email}: {error}", messages.WARNING)
        if ended:
            self.message_user(request, f"{ended} revoked.")
