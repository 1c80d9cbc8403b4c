"""Recalls for programs of supervisors: whom one would touch, its beginning, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.models import User
from triage.api.supervising import READ, SupervisorView
from triage.models import Answer, Decision, Intent, ModelVersion, Rule
from triage.oversight import recall
from triage.oversight.recall import Recall, RecallItem, Wanted

COUNTED: Final = 10_000
SHOWN: Final = 50
EXAMPLES: Final = {"answer": 12, "model": 3, "rule": 4, "intent": "track_refund"}


class WantedFields(StrictSerializer):
    """What made the answers; at least one of them."""

    answer = serializers.PrimaryKeyRelatedField(queryset=Answer.objects.all(), required=False)
    model = serializers.PrimaryKeyRelatedField(queryset=ModelVersion.objects.all(), required=False)
    rule = serializers.PrimaryKeyRelatedField(
        queryset=Rule.objects.select_related("intent"), required=False, help_text="A keyword rule."
    )
    intent = serializers.SlugRelatedField(
        "slug", queryset=Intent.objects.all(), required=False, help_text="A code."
    )
    since = serializers.DateTimeField(required=False, help_text="Answered from then on.")
    until = serializers.DateTimeField(required=False, help_text="Answered before then.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if wanted_of(said).is_empty:
            raise serializers.ValidationError(
                "Name an answer, a model, a rule, an intent or a span of time: nobody recalls everything."
            )
        return said


class RecallQuery(WantedFields, StrictQuery):
    """The same in the query."""

    examples: ClassVar[Mapping[str, Any]] = EXAMPLES


class RecallFormSerializer(WantedFields):
    """A recall."""

    examples: ClassVar[Mapping[str, Any]] = {
        "intent": "track_refund", "since": "2026-11-01T00:00:00Z", "text": "The period was wrong: it is five days.",
    }  # fmt: skip

    text = serializers.CharField(
        required=False, allow_blank=True, max_length=8000, default="",
        help_text="Sent once to each person, in your name. Empty: nobody is written to.",
    )  # fmt: skip
    assignee = serializers.EmailField(
        required=False, max_length=254, help_text="The agent who gets the tickets."
    )

    def validate_assignee(self, address: str) -> User:
        found: User | None = User.objects.staff().with_email(address).first()
        if found is None:
            raise serializers.ValidationError("There is no agent with this address.")
        return found


def wanted_of(said: Mapping[str, Any]) -> Wanted:
    return Wanted(
        answer=said.get("answer"), model=said.get("model"), rule=said.get("rule"),
        intent=said["intent"].slug if said.get("intent") else "", since=said.get("since"), until=said.get("until"),
    )  # fmt: skip


class TouchedSerializer(serializers.Serializer[Decision]):
    ticket = serializers.CharField(source="ticket.reference")
    status = serializers.CharField(source="ticket.status")
    intent = serializers.CharField(source="intent_slug")
    at = serializers.DateTimeField(source="created_at")


class PreviewSerializer(serializers.Serializer[Any]):
    tickets = serializers.IntegerField(help_text=f"At most {COUNTED} are counted.")
    answered_since = serializers.IntegerField(help_text="A person has replied: these are left as they are.")
    closed = serializers.IntegerField(help_text="These cannot be reopened.")
    newest = TouchedSerializer(many=True, help_text=f"At most {SHOWN}.")


class RecallSerializer(serializers.ModelSerializer[Recall]):
    by = serializers.CharField(source="by.name")
    assignee = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField(help_text="State → how many tickets.")

    class Meta:
        model = Recall
        fields = ["id", "by", "at", "text", "assignee", "finished_at", "counts"]
        read_only_fields = fields

    def get_assignee(self, row: Recall) -> str | None:
        return str(row.assignee) if row.assignee else None

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, row: Recall) -> dict[str, int]:
        found = row.report()
        return {state: found[state] for state in RecallItem.State.values}


class RecallsView(SupervisorView):
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}
    powers = frozenset({"POST"})

    @extend_schema(operation_id="list_recalls", responses=paged(RecallSerializer))
    def get(self, request: Request) -> Response:
        """All recalls, the newest first, each with how far it is."""
        return self.page(Recall.objects.select_related("by", "assignee"), RecallSerializer)

    @extend_schema(
        operation_id="begin_recall",
        request=RecallFormSerializer,
        responses={201: RecallSerializer, 200: RecallSerializer},
    )
    def post(self, request: Request) -> Response:
        """Reopen the tickets that were answered so, assign them, and write to each person once. A power."""
        said = self.body(RecallFormSerializer)
        begun = recall.begin(
            wanted_of(said), by=self.caller, text=said["text"], assignee=said.get("assignee")
        )
        self.made = str(begun.pk)
        return Response(RecallSerializer(_recall(begun.pk)).data, status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(RecallSerializer(_recall(int(made))).data)


class RecallView(SupervisorView):
    needs = READ

    @extend_schema(operation_id="get_recall", responses=RecallSerializer)
    def get(self, request: Request, recall_id: int) -> Response:
        """How far it is."""
        return Response(RecallSerializer(_recall(recall_id)).data)


class RecallPreviewView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": RecallQuery}

    @extend_schema(operation_id="preview_recall", responses=PreviewSerializer)
    def get(self, request: Request) -> Response:
        """Whom a recall would touch. Nothing is done."""
        found = wanted_of(self.asked).decisions()
        rows = found.select_related("ticket")[:SHOWN]
        return Response(
            PreviewSerializer(
                {
                    "tickets": found.values("ticket").order_by().distinct()[:COUNTED].count(),
                    "answered_since": found.filter(ticket__first_human_reply_at__isnull=False)
                    .order_by()[:COUNTED]
                    .count(),
                    "closed": found.filter(ticket__status="closed").order_by()[:COUNTED].count(),
                    "newest": rows,
                }
            ).data
        )


def _recall(pk: int) -> Recall:
    found: Recall | None = Recall.objects.select_related("by", "assignee").filter(pk=pk).first()
    if found is None:
        raise Http404("No such recall.")
    return found
