"""Invitations for programs of supervisors: the same as their page in the admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import ContractView, NoFields
from accounts.limits.spending import spend
from accounts.mailboxes import AddressApiField
from accounts.models import User
from accounts.signin import programs
from accounts.tokens.scopes import Scope
from tickets.invitations import inviting
from tickets.invitations.models import ROLES, Invitation, State
from tickets.teams.models import Team


class ReadsHouse(BasePermission):
    message = "Only supervisors do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Auditors may come in: the base of every view lets them only read."""
        return isinstance(request.user, User) and request.user.reads_house


class InvitationRefused(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "invitation_refused"


class NewInvitationSerializer(StrictSerializer):
    email = AddressApiField()
    role = serializers.ChoiceField(
        choices=[(role.value, role.label) for role in ROLES], help_text="Not above your own."
    )
    teams = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=100, help_text="Names of teams."
    )  # fmt: skip
    examples = {"email": "colleague@example.com", "role": "agent"}

    def validate_teams(self, names: list[str]) -> list[Team]:
        found = {team.name: team for team in Team.objects.filter(name__in=names)}
        if unknown := sorted(set(names) - found.keys()):
            raise serializers.ValidationError(f"There is no team {', '.join(unknown)}.")
        return list(found.values())


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    teams: Any = serializers.SlugRelatedField("name", many=True, read_only=True)
    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    invited_by = serializers.EmailField(source="invited_by.email", read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "teams", "state", "invited_by", "created_at", "sent_at", "expires_at", "accepted_at", "revoked_at"]  # fmt: skip


class InvitationsQuery(PageQuery):
    state = serializers.ChoiceField(choices=State.choices, required=False)


def invitation_or_404(invitation_id: int) -> Invitation:
    known = Invitation.objects.select_related("invited_by").prefetch_related("teams")
    invitation = known.filter(pk=invitation_id).first()
    if invitation is None:
        raise Http404("No such invitation.")
    return invitation


class HouseView(ContractView):
    permission_classes = [ReadsHouse]
    needs = {"GET": Scope.ADMIN_READ, "POST": Scope.ADMIN_WRITE, "DELETE": Scope.ADMIN_WRITE}


class InvitationsView(HouseView):
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": InvitationsQuery}

    @extend_schema(operation_id="list_invitations", responses=paged(InvitationSerializer))
    def get(self, request: Request) -> Response:
        """Whom the house has invited, newest first; ended ones are kept for 90 days."""
        rows = Invitation.objects.select_related("invited_by").prefetch_related("teams")
        if state := self.asked.get("state"):
            rows = rows.in_state(state)
        return self.page(rows, InvitationSerializer)

    @extend_schema(
        operation_id="invite_colleague", request=NewInvitationSerializer, responses={201: InvitationSerializer}
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Invite a colleague by mail, in a role that is not above yours. The link in the mail is in no answer."""
        programs.demand(request)
        said = self.body(NewInvitationSerializer)
        spend(request._request, "invite", mailbox=said["email"], person=self.caller)
        try:
            made = inviting.invite(said["email"], said["role"], said.get("teams", ()), by=self.caller)
        except inviting.Refused as error:
            raise InvitationRefused(str(error)) from None
        self.made = str(made.pk)
        return self.again(self.made)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        shown = self.shown(InvitationSerializer, invitation_or_404(int(made)))
        return Response(shown, status=status.HTTP_201_CREATED)


class InvitationView(HouseView):
    @extend_schema(operation_id="get_invitation", responses=InvitationSerializer)
    def get(self, request: Request, invitation_id: int) -> Response:
        """One invitation and what became of it."""
        return Response(self.shown(InvitationSerializer, invitation_or_404(invitation_id)))

    @extend_schema(operation_id="revoke_invitation", responses={204: None})
    def delete(self, request: Request, invitation_id: int) -> Response:
        """Revoke it: its link opens nothing from now on."""
        number = invitation_or_404(invitation_id).pk
        try:
            inviting.revoke(number, by=self.caller)
        except inviting.Refused as error:
            raise InvitationRefused(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class SendAgainView(HouseView):
    @extend_schema(operation_id="send_invitation_again", request=NoFields, responses=InvitationSerializer)
    def post(self, request: Request, invitation_id: int) -> Response:
        """Send it again with a new link and a new time; the link before opens nothing any more."""
        programs.demand(request)
        invitation = invitation_or_404(invitation_id)
        self.body()
        spend(request._request, "invite", mailbox=invitation.email, person=self.caller)
        try:
            inviting.send_again(invitation.pk, by=self.caller)
        except inviting.Refused as error:
            raise InvitationRefused(str(error)) from None
        return self.again("", invitation_id=invitation_id)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(self.shown(InvitationSerializer, invitation_or_404(kwargs["invitation_id"])))
