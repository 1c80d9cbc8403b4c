"""Metrics for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.shapes import shape
from accounts.contract.strict import StrictQuery
from triage.api.supervising import READ, SupervisorView
from triage.instruments import metrics


class MetricsQuery(StrictQuery):
    days = serializers.IntegerField(min_value=1, max_value=365, default=30, help_text="Looked back.")


class MetricsView(SupervisorView):
    needs = READ
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": MetricsQuery}

    @extend_schema(operation_id="get_metrics", responses={200: shape(metrics.Metrics)})
    def get(self, request: Request) -> Response:
        """Volume, automation, feedback, backlog, response times, and questions of machines."""
        return Response(asdict(metrics.collect(days=self.asked["days"])))
