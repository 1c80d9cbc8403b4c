"""A person's own API tokens, for programs. Making one takes the profile page: a program makes no power for itself."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.views import ContractView
from accounts.models import User
from accounts.tokens import keys
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import Scope


class ApiTokenSerializer(serializers.ModelSerializer[ApiToken]):
    scopes = serializers.SerializerMethodField()
    networks = serializers.SerializerMethodField(help_text="Where it may come from; empty: anywhere.")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "hint", "scopes", "networks", "created_at", "expires_at", "last_used_at"]

    def get_scopes(self, token: ApiToken) -> list[str]:
        return token.scopes.split()

    def get_networks(self, token: ApiToken) -> list[str]:
        return token.networks.split(", ") if token.networks else []


class ApiTokensView(ContractView):
    needs = {"GET": Scope.TOKENS_READ}

    @extend_schema(operation_id="list_api_tokens", responses=ApiTokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your API tokens that are good, newest first. Their text is shown once, when they are made, and never again."""
        tokens = _own(request)
        return Response(ApiTokenSerializer(tokens, many=True).data)


class ApiTokenView(ContractView):
    needs = {"DELETE": Scope.TOKENS_WRITE}

    @extend_schema(operation_id="revoke_api_token", responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke a token of yours at once; a token may also revoke itself."""
        token = _own(request).filter(pk=token_id).first()
        if token is None:
            raise Http404("No such token.")
        keys.revoke(token, by=cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _own(request: Request) -> Any:
    return ApiToken.objects.filter(user=cast(User, request.user)).live()
