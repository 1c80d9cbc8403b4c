"""What is to be learnt, for programs of supervisors: candidates, and what nobody can answer yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from triage.api.supervising import READ, NotYet, SupervisorView
from triage.learning import unanswered
from triage.learning.unanswered import Asked
from triage.models import Example, Intent
from triage.oversight import candidates

AT_ONCE: Final = 500


class CandidateSerializer(serializers.ModelSerializer[Example]):
    intent = serializers.CharField(
        source="intent.slug", default=None, allow_null=True, help_text="Null: none of ours."
    )
    proposed_by = serializers.SerializerMethodField(help_text="Null: the account is gone.")
    teaches = serializers.FloatField(help_text="How far from it the machine was, 0 to 1.")

    class Meta:
        model = Example
        fields = ["id", "text", "intent", "proposed_by", "teaches", "created_at"]
        read_only_fields = fields

    def get_proposed_by(self, example: Example) -> str | None:
        return str(example.proposed_by) if example.proposed_by else None


class CandidateQuery(PageQuery):
    """Filters of the list of candidates."""

    examples: ClassVar[Mapping[str, Any]] = {"intent": "track_refund"}

    intent = serializers.CharField(required=False, max_length=80, help_text="A code.")


class ChosenSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"candidates": [17, 18]}

    candidates = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=AT_ONCE
    )


class DecidedSerializer(serializers.Serializer[Any]):
    decided = serializers.IntegerField(help_text="So many were taken, or left.")
    beyond_share = serializers.IntegerField(
        help_text="So many wait on: their person would teach too much of one intent."
    )


class CandidatesView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": CandidateQuery}

    @extend_schema(operation_id="list_candidates", responses=paged(CandidateSerializer))
    def get(self, request: Request) -> Response:
        """What agents' corrections would teach, what surprised the machine most first."""
        rows = Example.objects.all().candidates().select_related("intent", "proposed_by")
        if "intent" in self.asked:
            rows = rows.filter(intent__slug=self.asked["intent"])
        return self.page(rows, CandidateSerializer, order="-teaches")


class DecideView(SupervisorView):
    """What is no candidate any more is passed over, so a request that is sent again changes nothing more."""

    repeatable = True

    def chosen(self) -> Any:
        said = self.body(ChosenSerializer)
        return Example.objects.all().candidates().filter(pk__in=said["candidates"])


class TakeView(DecideView):
    @extend_schema(operation_id="take_candidates", request=ChosenSerializer, responses=DecidedSerializer)
    def post(self, request: Request) -> Response:
        """Have these trained on from the next training on."""
        taken, over = candidates.take_in(self.chosen())
        return Response({"decided": taken, "beyond_share": over})


class LeaveView(DecideView):
    @extend_schema(operation_id="leave_candidates", request=ChosenSerializer, responses=DecidedSerializer)
    def post(self, request: Request) -> Response:
        """Leave these out."""
        return Response({"decided": candidates.leave_out(self.chosen()), "beyond_share": 0})


# --- what nobody can answer yet --------------------------------------------------------------------------


class QuestionSerializer(serializers.Serializer[Asked]):
    ticket = serializers.CharField(source="reference")
    text = serializers.CharField()


class GroupSerializer(serializers.Serializer[Any]):
    key = serializers.IntegerField()
    title = serializers.CharField(help_text="The words that its tickets share.")
    count = serializers.IntegerField(help_text="Tickets.")
    questions = QuestionSerializer(many=True)
    replies = serializers.ListField(child=serializers.CharField(), help_text="What people replied.")


class UnansweredQuery(StrictQuery):
    days = serializers.IntegerField(
        min_value=1, max_value=90, default=unanswered.DAYS, help_text="Looked back."
    )


class MakeIntentSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"key": 4711, "title": "Lost parcel", "days": 30}

    key = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Of the group.")
    title = serializers.CharField(max_length=120)
    days = serializers.IntegerField(min_value=1, max_value=90, default=unanswered.DAYS)


class MadeSerializer(serializers.Serializer[Intent]):
    slug = serializers.CharField()
    title = serializers.CharField()
    mode = serializers.CharField()


class UnansweredView(SupervisorView):
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": UnansweredQuery}
    powers = frozenset({"POST"})

    @extend_schema(operation_id="list_unanswered", responses=GroupSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Tickets that went to people for want of an intent or an answer, grouped, the largest group first."""
        return Response(GroupSerializer(unanswered.groups(self.asked["days"]), many=True).data)

    @extend_schema(
        operation_id="make_intent",
        request=MakeIntentSerializer,
        responses={201: MadeSerializer, 200: MadeSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make an intent on Shadow of a group: its questions as examples, a draft of its first reply. A power."""
        said = self.body(MakeIntentSerializer)
        try:
            intent = unanswered.make_intent(
                said["key"], title=said["title"], days=said["days"], by=self.caller
            )
        except unanswered.Taken as taken:
            raise NotYet(str(taken)) from taken
        self.made = intent.slug
        return Response(MadeSerializer(intent).data, status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(MadeSerializer(Intent.objects.get(slug=made)).data)
