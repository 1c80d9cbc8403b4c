"""What another policy would have done to the latest decisions, for programs of supervisors; and making it the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.strict import StrictSerializer
from triage.api.supervising import SupervisorView
from triage.models import Intent, Mode
from triage.oversight import what_if
from triage.oversight.what_if import Wish


class WishSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {
        "threshold": 0.8, "margin": 0.1, "target": 0.02, "modes": {"track_refund": "suggest"},
    }  # fmt: skip

    threshold = serializers.FloatField(min_value=0.01, max_value=1, help_text="The confidence needed.")
    margin = serializers.FloatField(min_value=0, max_value=1, help_text="The lead over the runner-up needed.")
    target = serializers.FloatField(
        min_value=0.001, max_value=0.5, required=False, allow_null=True, default=None,
        help_text="The share of wrong ones that is promised; null: none.",
    )  # fmt: skip
    modes = serializers.DictField(
        child=serializers.ChoiceField(Mode.values), required=False, default=dict,
        help_text="Intent → mode, where it differs from today's.",
    )  # fmt: skip

    def validate_modes(self, modes: dict[str, str]) -> dict[str, str]:
        known = set(Intent.objects.filter(slug__in=modes).values_list("slug", flat=True))
        if strange := sorted(modes.keys() - known):
            raise serializers.ValidationError(f"There is no intent {strange[0][:80]}.")
        return modes


class SideSerializer(serializers.Serializer[what_if.Side]):
    answered = serializers.IntegerField()
    judged = serializers.IntegerField(help_text="Of so many it is known whether they are right.")
    wrong = serializers.FloatField(allow_null=True, help_text="The share of these, by weight.")
    low = serializers.FloatField(allow_null=True, help_text="Interval at 90 %.")
    high = serializers.FloatField(allow_null=True)


class FlipSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    intent = serializers.CharField()
    confidence = serializers.FloatField()
    wrong = serializers.BooleanField(allow_null=True, help_text="Null: nobody knows.")


class TrialSerializer(serializers.Serializer[Any]):
    seen = serializers.IntegerField(help_text="Decisions that were looked at, the latest.")
    now = SideSerializer()
    then = SideSerializer()
    more_count = serializers.IntegerField()
    fewer_count = serializers.IntegerField()
    more = FlipSerializer(many=True, help_text=f"Answered then and not now, at most {what_if.SHOWN}.")
    fewer = FlipSerializer(many=True, help_text="Answered now and not then.")


class AppliedSerializer(serializers.Serializer[Any]):
    left = serializers.ListField(
        child=serializers.CharField(), help_text="What was left, or asked of another supervisor, in words."
    )


def wish_of(said: Mapping[str, Any]) -> Wish:
    return Wish(
        threshold=said["threshold"], margin=said["margin"], target=said["target"], modes=said["modes"]
    )


def _flips(rows: Any) -> list[dict[str, Any]]:
    return [
        {"ticket": row.reference, "intent": row.intent, "confidence": row.confidence, "wrong": wrong}
        for row, wrong in rows
    ]


class TryView(SupervisorView):
    repeatable = True

    @extend_schema(operation_id="try_policy", request=WishSerializer, responses=TrialSerializer)
    def post(self, request: Request) -> Response:
        """The latest 10,000 decisions under another policy. Nothing is changed."""
        found = what_if.try_out(wish_of(self.body(WishSerializer)))
        told = {
            "seen": found.seen, "now": found.now, "then": found.then, "more_count": found.more_count,
            "fewer_count": found.fewer_count, "more": _flips(found.more), "fewer": _flips(found.fewer),
        }  # fmt: skip
        return Response(TrialSerializer(told).data)


class ApplyView(SupervisorView):
    powers = frozenset({"POST"})

    @extend_schema(operation_id="apply_policy", request=WishSerializer, responses=AppliedSerializer)
    def post(self, request: Request) -> Response:
        """Make it the policy, as one version; steps to Auto go by the ladder, and no limit is lowered. A power."""
        return Response({"left": what_if.apply(wish_of(self.body(WishSerializer)), by=self.caller)})

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response({"left": []})
