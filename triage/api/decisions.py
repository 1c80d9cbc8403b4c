"""Decisions, and what agents say of them, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.strict import StrictSerializer
from accounts.contract.views import ContractView
from accounts.tokens.scopes import Scope
from tickets.access import over_api, visible_ticket, visible_tickets
from tickets.api.steps import StepView, step
from tickets.api.views import caller
from tickets.errors import TicketError
from tickets.models import Ticket
from triage.desk.wording import MARKED_SPAM, reason_text
from triage.models import Action, Decision, Intent
from triage.running import pipeline


class SimilarTicketSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        allow_null=True, help_text="Reference; null for a ticket that was erased since."
    )
    subject = serializers.CharField(allow_null=True)
    similarity = serializers.FloatField()
    intent = serializers.CharField(allow_null=True)
    confirmed = serializers.BooleanField(help_text="A person named this intent after the model was trained.")


class TermSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    weight = serializers.FloatField(help_text="Positive speaks for the intent, negative against it.")


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    ticket: serializers.SlugRelatedField[Ticket] = serializers.SlugRelatedField("reference", read_only=True)
    status = serializers.CharField(source="ticket.status", read_only=True)
    intent = serializers.CharField(source="intent_slug", read_only=True)
    response = serializers.SerializerMethodField(
        help_text="The text that was sent. Agents also see one that is only suggested."
    )
    detail = serializers.SerializerMethodField(help_text="Why, in a sentence; the exact one for agents only.")
    similar_tickets = serializers.SerializerMethodField()
    lowered_from = serializers.SerializerMethodField(
        help_text="The confidence before a similar ticket that ended otherwise weighed against it, if one did. "
        "For agents; null for everybody else."
    )
    terms = TermSerializer(many=True, read_only=True)
    answer_version = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = [
            "ticket", "status", "intent", "confidence", "runner_up", "margin", "threshold", "action", "reason",
            "detail", "response", "similar_tickets", "lowered_from", "terms", "source", "language", "model_version",
            "answer_version", "latency_ms", "applied", "created_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_response(self, decision: Decision) -> str | None:
        sent = decision.applied and decision.action == Action.AUTO_RESOLVE
        return decision.response if sent or caller(self.context["request"]).reads_desk else None

    def get_detail(self, decision: Decision) -> str:
        """A failure's own words name files and libraries, a guard's name its topic: both are the team's."""
        if caller(self.context["request"]).reads_desk:
            return decision.detail
        return f"{reason_text(decision.reason)}."

    def get_answer_version(self, decision: Decision) -> str | None:
        return str(decision.answer) if decision.answer else None

    def get_lowered_from(self, decision: Decision) -> float | None:
        """The ticket that weighed against it may be a stranger's."""
        if not caller(self.context["request"]).reads_desk:
            return None
        return decision.objection["before"] if decision.objection else None

    @extend_schema_field(SimilarTicketSerializer(many=True))
    def get_similar_tickets(self, decision: Decision) -> list[dict[str, Any]]:
        """Only tickets that the caller may see, and of the others not even that there are any.

        Whoever could read a similarity to strangers' tickets would find out by guessing what they wrote.
        """
        ids = [row["id"] for row in decision.similar]
        shown = visible_tickets(over_api(self.context["request"])).in_bulk(ids)
        is_agent = caller(self.context["request"]).reads_desk
        return [
            {
                "id": shown[row["id"]].reference if row["id"] in shown else None,
                "subject": shown[row["id"]].subject if row["id"] in shown else None,
                "similarity": row["similarity"],
                "intent": row["intent"],
                "confirmed": row.get("confirmed", False),
            }
            for row in decision.similar
            if is_agent or row["id"] in shown
        ]


class ResolveView(ContractView):
    repeatable = True
    needs = {"POST": Scope.TICKETS_WRITE}

    @extend_schema(operation_id="resolve_ticket", request=None, responses=DecisionSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Run the automated resolution, or return the decision there already is. Safe to repeat."""
        ticket = visible_ticket(over_api(request), reference)
        self.body()
        decision = pipeline.triage_ticket(ticket)
        decision = Decision.objects.select_related("ticket", "answer__intent").get(pk=decision.pk)
        return Response(DecisionSerializer(decision, context={"request": request}).data)


@step("mark_ticket_as_spam")
class SpamView(StepView):
    """Put it into quarantine. Its requester is not told."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.quarantine(MARKED_SPAM, self.caller)


class CorrectSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"intent": "track_refund"}

    intent = serializers.CharField(max_length=80, allow_null=True, help_text="Its code; null: none of ours.")

    def validate_intent(self, slug: str | None) -> Intent | None:
        found = Intent.objects.filter(slug=slug).first() if slug else None
        if slug and found is None:
            raise serializers.ValidationError("No intent has this code.", "no_such_intent")
        return found


@step("correct_intent", CorrectSerializer)
class CorrectView(StepView):
    """Say what the ticket is really about. A supervisor decides whether training learns from it."""

    form = CorrectSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        decision: Decision | None = ticket.decisions.first()
        if decision is None:
            raise TicketError("This ticket was never triaged: there is no intent to correct.")
        decision.correct(said["intent"], by=self.caller)
