"""What agents write and do again and again, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import ContractView
from accounts.tokens.scopes import Scope
from tickets.api import current
from tickets.api.steps import StepView
from tickets.desk import drafts
from tickets.macros import applying
from tickets.macros.models import Macro
from tickets.models import Ticket


class MacroSerializer(serializers.ModelSerializer[Macro]):
    shared = serializers.SerializerMethodField(help_text="False: it is your own.")

    class Meta:
        model = Macro
        fields = ["id", "name", "shared", "reply", "note", "tags", "takes"]

    def get_shared(self, macro: Macro) -> bool:
        return macro.owner_id is None


class MacrosView(ContractView):
    needs = {"GET": Scope.TICKETS_READ}
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}

    @extend_schema(operation_id="list_macros", responses=paged(MacroSerializer))
    def get(self, request: Request) -> Response:
        """Agents only: those of everybody and your own."""
        if not self.caller.is_agent:
            raise PermissionDenied("Only agents have macros.")
        return self.page(Macro.objects.of(self.caller), MacroSerializer)


class ApplySerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"macro": "Refund"}

    macro = serializers.CharField(max_length=60, help_text="Its name, or words that only its name has.")


class DraftSerializer(serializers.Serializer[Any]):
    done = serializers.CharField(help_text="What it did, in words; empty where it was done before.")
    reply = serializers.CharField(help_text="Your draft as it is now. You send it as a message.")
    note = serializers.CharField()


class MacroView(StepView):
    form = ApplySerializer

    @extend_schema(operation_id="apply_macro", request=ApplySerializer, responses=DraftSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Apply a macro, all or nothing. Its texts go into your draft and are sent by nobody but you."""
        ticket = self.ticket(reference)
        said = self.body(self.form)
        with current.if_unchanged(request, ticket):
            done = applying.apply(applying.named(self.caller, said["macro"]), ticket, agent=self.caller)
        return self._draft(ticket, done)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return self._draft(self.ticket(kwargs["reference"]), "")

    def _draft(self, ticket: Ticket, done: str) -> Response:
        draft = drafts.draft_of(self.caller, ticket)
        texts = {"reply": draft.reply if draft else "", "note": draft.note if draft else ""}
        return Response(DraftSerializer({"done": done, **texts}).data)
