"""How right the answers are, and whether what comes in has changed, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.shapes import shape
from accounts.contract.strict import StrictQuery, StrictSerializer
from triage.api.supervising import READ, NotYet, SupervisorView
from triage.oversight import drift, ladder
from triage.oversight.precision import Precision, precision


class PrecisionQuery(StrictQuery):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30, help_text="Looked back.")


class PrecisionView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PrecisionQuery}

    @extend_schema(operation_id="get_precision", responses={200: shape(Precision)})
    def get(self, request: Request) -> Response:
        """How many of the automatic answers are wrong, by the random audit; intervals at 90 %."""
        return Response(asdict(precision(self.asked["days"])))


class WindowSerializer(serializers.Serializer[drift.Window]):
    first = serializers.DateField()
    last = serializers.DateField(help_text="Included.")


class StreamPartSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    then = serializers.FloatField(help_text="Its share in the reference.")
    now = serializers.FloatField(help_text="Its share in the latest days.")
    index = serializers.FloatField(help_text="Population stability index against all others.")


class StreamKindSerializer(serializers.Serializer[drift.Kept]):
    kind = serializers.CharField()
    warns = serializers.BooleanField()
    since = serializers.DateField(allow_null=True, help_text="Of the warning.")
    then = serializers.IntegerField(
        source="comparison.then", default=None, allow_null=True, help_text="Tickets; null: too few to tell."
    )
    now = serializers.IntegerField(source="comparison.now", default=None, allow_null=True)
    parts = StreamPartSerializer(
        source="comparison.parts", many=True, default=(), help_text="What changed most first."
    )


class StreamSerializer(serializers.Serializer[drift.Stream]):
    reference = WindowSerializer(allow_null=True, help_text="Null: nothing to compare yet.")
    latest = WindowSerializer(allow_null=True)
    kinds = StreamKindSerializer(many=True)


class AcceptSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"why": "We sell in Austria now."}

    why = serializers.CharField(max_length=400, help_text="What has changed and what was done about it.")


class DriftView(SupervisorView):
    needs = READ

    @extend_schema(operation_id="get_drift", responses=StreamSerializer)
    def get(self, request: Request) -> Response:
        """Whether what comes in is still mixed as it was when the evidence was gathered."""
        return Response(StreamSerializer(drift.stream()).data)


class AcceptDriftView(SupervisorView):
    @extend_schema(operation_id="accept_drift", request=AcceptSerializer, responses=StreamSerializer)
    def post(self, request: Request) -> Response:
        """This is how it is now: the reference is taken anew."""
        try:
            drift.accept(by=self.caller, why=self.body(AcceptSerializer)["why"])
        except ladder.Refused as refused:
            raise NotYet(str(refused)) from refused
        return Response(StreamSerializer(drift.stream()).data)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(StreamSerializer(drift.stream()).data)
