"""Who a bearer token speaks for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.tokens.families import family_of


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
