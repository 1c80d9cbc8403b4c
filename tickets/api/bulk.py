"""Many tickets in one call: each is made or refused by itself, and none because of another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from accounts.contract import once
from accounts.contract.strict import Invalid, StrictSerializer
from accounts.contract.views import ContractView
from accounts.limits.spending import spend
from accounts.tokens.scopes import Scope
from tickets.api.serializers import SubmissionSerializer
from tickets.api.submitting import submission
from tickets.background import jobs
from tickets.errors import TicketError
from tickets.intake.once import submit_once

MOST: Final = 1000


class BulkItemSerializer(SubmissionSerializer):
    """A wish with its key."""

    key = serializers.RegexField(
        once.FORM, max_length=80, required=False,
        help_text="As an Idempotency-Key, of this one ticket: sent again, in bulk or alone, it makes nothing new.",
    )  # fmt: skip


@extend_schema_field(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST,
        "items": {"type": "object", "additionalProperties": {}},
    }
)
class ItemsField(serializers.ListField):
    """Objects of any content: what is wrong in one is its own result."""

    child = serializers.DictField()

    def to_internal_value(self, data: Any) -> list[Any]:
        if (
            not isinstance(data, list)
            or not 1 <= len(data) <= MOST
            or not all(isinstance(one, dict) for one in data)
        ):
            raise ValidationError(f"A list of 1 to {MOST} objects.")
        return data


class BulkSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {
        "tickets": [{"key": "order-4711", "body": "I sent the shoes back."}]
    }
    tickets = ItemsField(
        help_text="Each as the body of `POST /api/tickets`, with a `key`; each is checked by itself."
    )


class ResultSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="The place in the list that was sent, from 0.")
    key = serializers.CharField(allow_null=True)
    status = serializers.IntegerField(
        help_text="201 made, 200 there already, 400 wrong, 422 key used for another."
    )
    id = serializers.CharField(allow_null=True, help_text="The ticket.")
    code = serializers.CharField(allow_null=True, help_text="Of the error.")
    message = serializers.CharField(allow_null=True)
    errors_ = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))

    def get_fields(self) -> dict[str, Any]:
        """``errors`` is a name that the framework has for itself."""
        found: dict[str, Any] = dict(super().get_fields())
        found["errors"] = found.pop("errors_")
        return found


class ResultsSerializer(serializers.Serializer[Any]):
    made = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ResultSerializer(many=True)


class BulkView(ContractView):
    needs = {"POST": Scope.TICKETS_WRITE}

    @extend_schema(operation_id="create_tickets", request=BulkSerializer, responses=ResultsSerializer)
    def post(self, request: Request) -> Response:
        """Submit up to 1,000 tickets. Each is decided on soon after, by the worker; attachments are not taken here."""
        return self._submit(request)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        """Each item has its key, given or made of the call's: none is made again."""
        return self._submit(self.request)

    def _submit(self, request: Request) -> Response:
        items = self.body(BulkSerializer)["tickets"]
        spend(request._request, "submit", person=self.caller, cost=len(items))
        call = once.key_of(request)
        with jobs.left_to_workers():
            results = [self._one(index, item, call) for index, item in enumerate(items)]
        counts = [one["status"] for one in results]
        body = {
            "made": counts.count(status.HTTP_201_CREATED),
            "repeated": counts.count(status.HTTP_200_OK),
            "refused": sum(code >= 400 for code in counts),
            "results": results,
        }
        return Response(body)

    def _one(self, index: int, item: Mapping[str, Any], call: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            "index": index,
            "key": item.get("key") if isinstance(item.get("key"), str) else None,
        }
        told |= {"id": None, "code": None, "message": None, "errors": {}}
        form = BulkItemSerializer(data=item, context={"request": self.request})
        try:
            form.is_valid(raise_exception=True)
            wish = dict(form.validated_data)
            key = wish.pop("key", "") or (call and str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call} {index}")))
            ticket, is_new = submit_once(submission(self.caller, wish, key))
        except (Invalid, TicketError) as refused:
            return {**told, **_refusal(refused)}
        made = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return {**told, "status": made, "id": ticket.reference}


def _refusal(refused: Exception) -> dict[str, Any]:
    """In the words of the one call, by the same handler."""
    handle: Any = api_settings.EXCEPTION_HANDLER
    answer = handle(refused, {})
    return {
        "status": answer.status_code,
        **{name: answer.data[name] for name in ("code", "message", "errors")},
    }
