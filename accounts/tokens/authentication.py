"""Who a bearer token speaks for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.client_address import client_address
from accounts.models import User
from accounts.tokens import keys, scopes
from accounts.tokens.families import family_of
from accounts.tokens.models import ApiToken


class ApiTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer hd_…``. What is no such token is left to the next."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _, raw = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not raw.strip().startswith(keys.PREFIX):
            return None
        try:
            token = keys.read(raw.strip(), client_address(request._request))
        except keys.ElsewhereRefused as error:
            raise exceptions.PermissionDenied(str(error), "address_not_allowed") from None
        except keys.Refused as error:
            raise exceptions.AuthenticationFailed(str(error), "token_not_valid") from None
        scopes.check(token.held, request.parser_context["view"], request.method or "")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class FamilyAuthentication(JWTAuthentication):
    """A token is good while its log-in lasts: one query finds both the log-in and the person."""

    def get_user(self, validated_token: Token) -> Any:
        try:
            return family_of(validated_token).user
        except TokenError as error:
            raise InvalidToken(str(error)) from error


class BearerScheme(SimpleJWTScheme):
    """The same in the API's description."""

    target_class = "accounts.tokens.authentication.FamilyAuthentication"
    name = "jwtAuth"


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """Tokens that people make, in the API's description."""

    target_class = "accounts.tokens.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "A token from the profile page, `hd_…`, with the scopes that it was given."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hd_…", "description": about}
