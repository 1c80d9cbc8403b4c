"""Work of minutes for programs of supervisors: backtests and trainings, and which model decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.pages import PageQuery, paged
from accounts.contract.strict import StrictQuery, StrictSerializer
from accounts.contract.views import NoFields
from triage.api.supervising import READ, NotYet, SupervisorView
from triage.learning.parts import worse_parts
from triage.learning.promotion import NotThere, earlier_champion, let_decide
from triage.learning.runs import models as runs
from triage.learning.runs.models import Run
from triage.models import ModelVersion
from triage.oversight.ladder import target_error


class RunSerializer(serializers.ModelSerializer[Run]):
    by = serializers.SerializerMethodField(help_text="Null: the account is gone.")
    step = serializers.CharField(help_text="What it does at the moment, in words.")
    done = serializers.IntegerField(help_text="Of `total`.")

    class Meta:
        model = Run
        fields = ["id", "kind", "state", "by", "at", "ended_at", "step", "done", "total", "error"]
        read_only_fields = fields

    def get_by(self, run: Run) -> str | None:
        return str(run.by) if run.by else None


@extend_schema_field({"type": ["object", "null"]})
class ResultField(serializers.JSONField):
    """The report."""


class RunDetailSerializer(RunSerializer):
    result = ResultField(read_only=True, help_text="The report, once it is done; before that null.")

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "result"]
        read_only_fields = fields


class RunQuery(PageQuery):
    """Filters of the list of runs."""

    kind = serializers.ChoiceField(Run.Kind.values, required=False)


class BacktestFormSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"months": 6, "target": 0.05}

    months = serializers.IntegerField(
        min_value=1, max_value=120, help_text="So many last months of this house."
    )
    target = serializers.FloatField(
        min_value=0.001, max_value=0.5, required=False, help_text="The share of wrong ones that is tolerated."
    )


def _run(pk: int) -> Run:
    found: Run | None = Run.objects.select_related("by").filter(pk=pk).first()
    if found is None:
        raise Http404("No such run.")
    return found


class RunsView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": RunQuery}

    @extend_schema(operation_id="list_runs", responses=paged(RunSerializer))
    def get(self, request: Request) -> Response:
        """Backtests and trainings, the newest first."""
        rows = Run.objects.select_related("by").defer("result")
        return self.page(
            rows.filter(kind=self.asked["kind"]) if "kind" in self.asked else rows, RunSerializer
        )


class RunView(SupervisorView):
    needs = READ

    @extend_schema(operation_id="get_run", responses=RunDetailSerializer)
    def get(self, request: Request, run_id: int) -> Response:
        """How far it is, then what came of it."""
        return Response(RunDetailSerializer(_run(run_id)).data)


class CancelRunView(SupervisorView):
    repeatable = True

    @extend_schema(operation_id="cancel_run", request=None, responses=RunSerializer)
    def post(self, request: Request, run_id: int) -> Response:
        """It stops at its next step; what is over stays as it is."""
        run = _run(run_id)
        self.body(NoFields)
        if not run.is_over:
            runs.wish_stop(run)
        return Response(RunSerializer(_run(run_id)).data)


class BeginView(SupervisorView):
    def begun(self, run: Run) -> Response:
        self.made = str(run.pk)
        return Response(RunSerializer(_run(run.pk)).data, status.HTTP_202_ACCEPTED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return Response(RunSerializer(_run(int(made))).data)


class BacktestsView(BeginView):
    @extend_schema(
        operation_id="begin_backtest",
        request=BacktestFormSerializer,
        responses={202: RunSerializer, 200: RunSerializer},
    )
    def post(self, request: Request) -> Response:
        """Try this house's own last months: how much would have been answered, and how rightly. Nothing live is touched."""
        said = self.body(BacktestFormSerializer)
        months, target = said["months"], said.get("target", target_error())
        name = f"the last {months} months of this house"
        return self.begun(
            runs.begin(Run.Kind.BACKTEST, by=self.caller, months=months, target=target, name=name)
        )


class TrainingsView(BeginView):
    @extend_schema(
        operation_id="begin_training", request=None, responses={202: RunSerializer, 200: RunSerializer}
    )
    def post(self, request: Request) -> Response:
        """Train a challenger and compare it with the model that decides. It never decides by itself."""
        self.body(NoFields)
        if runs.is_under_way(Run.Kind.TRAINING):
            raise NotYet("A training is under way already.")
        return self.begun(runs.begin(Run.Kind.TRAINING, by=self.caller))


# --- which model decides ---------------------------------------------------------------------------------


@extend_schema_field({"type": "object"})
class ComparisonField(serializers.JSONField):
    """Part by part."""


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    worse = serializers.SerializerMethodField(
        help_text="In so many parts it is worse than the one that decided when it was compared."
    )
    comparison = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = ["id", "is_champion", "created_at", "promoted_at", "worse", "comparison"]
        read_only_fields = fields

    def get_worse(self, version: ModelVersion) -> int:
        return len(worse_parts(version.metrics.get("comparison", {})))

    @extend_schema_field(ComparisonField)
    def get_comparison(self, version: ModelVersion) -> Any:
        return version.metrics.get("comparison", {})


class PromoteSerializer(StrictSerializer):
    even_if_worse = serializers.BooleanField(
        default=False, help_text="Also where any part is worse than with the model that decides now."
    )


class ModelsView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PageQuery}

    @extend_schema(operation_id="list_models", responses=paged(ModelSerializer))
    def get(self, request: Request) -> Response:
        """The trained models, the newest first, each with its comparison."""
        return self.page(ModelVersion.objects.all(), ModelSerializer)


class DecidesView(SupervisorView):
    powers = frozenset({"POST"})

    def decides(self, version: ModelVersion) -> Response:
        try:
            let_decide(version, by=self.caller)
        except NotThere as gone:
            raise NotYet(str(gone)) from gone
        return self.told()

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return self.told()

    def told(self) -> Response:
        return Response(ModelSerializer(ModelVersion.objects.filter(is_champion=True).get()).data)


class PromoteView(DecidesView):
    @extend_schema(operation_id="promote_model", request=PromoteSerializer, responses=ModelSerializer)
    def post(self, request: Request, model_id: int) -> Response:
        """Let this model decide from the next ticket on. A power."""
        version = ModelVersion.objects.filter(pk=model_id).first()
        if version is None:
            raise Http404("No such model.")
        said = self.body(PromoteSerializer)
        if version.is_champion:
            raise NotYet("It decides already.")
        worse = len(worse_parts(version.metrics.get("comparison", {})))
        if worse and not said["even_if_worse"]:
            raise NotYet(
                f"It is worse in {worse} parts. Look at `comparison`, and say `even_if_worse` if it shall."
            )
        return self.decides(version)


class RollbackView(DecidesView):
    @extend_schema(operation_id="rollback_model", request=None, responses=ModelSerializer)
    def post(self, request: Request) -> Response:
        """Let the model that decided before decide again. A power."""
        self.body(NoFields)
        version = earlier_champion()
        if version is None:
            raise NotYet("There is no earlier model to go back to.")
        return self.decides(version)
