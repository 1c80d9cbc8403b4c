"""The list of everything that can go wrong, at the address that each problem's ``type`` names."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.contract.problems import KINDS


class KindSerializer(serializers.Serializer[Any]):
    type = serializers.URLField(help_text="The same as in the problem.")
    code = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    title = serializers.CharField()
    advice = serializers.CharField(help_text="What to do about it.")


class ProblemsView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(responses=KindSerializer(many=True), auth=[])
    def get(self, request: Request) -> Response:
        """Every kind of error that this API knows."""
        return Response(KindSerializer(KINDS, many=True).data)
