"""Login, tokens and sign-up for programs."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate, user_logged_in
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as PasswordRefused
from django.db import IntegrityError, transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import TokenRefreshSerializer
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenRefreshView

from accounts.limits.spending import spend
from accounts.lockout import LOCKED_MESSAGE, seconds_locked
from accounts.mailboxes import AddressApiField
from accounts.models import User
from accounts.names import validate_name


class LockedOut(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "locked_out"
    default_detail = LOCKED_MESSAGE

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait  # what the framework tells in Retry-After


class LoginSerializer(serializers.Serializer[Any]):
    email = AddressApiField()
    password = serializers.CharField(trim_whitespace=False, style={"input_type": "password"})


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`; short-lived.")
    refresh = serializers.CharField(help_text="Exchange at /auth/refresh; each is good for one use.")


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField()


class RegisterSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, validators=[validate_name])
    email = AddressApiField()
    password = serializers.CharField(trim_whitespace=False, max_length=128, style={"input_type": "password"})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            validate_password(attrs["password"], User(email=attrs["email"], name=attrs["name"]))
        except PasswordRefused as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class NoticeSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()


class LoginView(APIView):
    """E-mail and password against an access and a refresh token."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # makes a failed login a 401 although no authentication is asked for

    @extend_schema(request=LoginSerializer, responses=TokensSerializer, auth=[])
    def post(self, request: Request) -> Response:
        spend(request._request, "login")
        form = LoginSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        credentials = {name: form.validated_data[name] for name in ("email", "password")}
        user = authenticate(request._request, **credentials)
        if not AxesProxyHandler.is_allowed(request._request, credentials):
            raise LockedOut(seconds_locked(request._request, credentials["email"]))
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed(
                "No active account has this e-mail address and password.", "invalid_credentials"
            )
        if not user.email_is_verified:
            raise exceptions.PermissionDenied(
                "Confirm your e-mail address first: open the link we sent you.", "email_not_verified"
            )
        user_logged_in.send(sender=User, request=request._request, user=user)
        refresh = RefreshToken.for_user(user)
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


class OneUseToken(RefreshToken):
    """Of two uses in the same moment, which both find the token good, only one gets it."""

    def blacklist(self) -> Any:
        found: Any = super().blacklist()  # a row and whether it is new, whatever the annotation there says
        if not found[1]:
            raise TokenError("Token is blacklisted")
        return found


class OneUseSerializer(TokenRefreshSerializer):
    token_class = OneUseToken


class RefreshView(TokenRefreshView):
    """A new pair of tokens for a refresh token, which is used up by it."""

    serializer_class = OneUseSerializer

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        spend(request._request, "login")
        return super().post(request, *args, **kwargs)


class LogoutView(APIView):
    """Makes a refresh token useless. The access token runs out by itself within minutes."""

    @extend_schema(request=RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        form = RefreshSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            token = RefreshToken(form.validated_data["refresh"])
            if str(token.get("user_id")) != str(request.user.pk):
                raise TokenError("Another person's token.")
            token.blacklist()
        except TokenError as error:
            raise serializers.ValidationError({"refresh": ["Not a valid refresh token of yours."]}) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class RegisterView(APIView):
    """Signs somebody up. The answer is the same whether or not the address has an account already."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        request=RegisterSerializer,
        responses={202: OpenApiResponse(NoticeSerializer, "A mail with a confirmation link is on its way.")},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        form = RegisterSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        spend(request._request, "register", mailbox=form.validated_data["email"])
        sign_up(request, **form.validated_data)
        message = "Check your mail: open the link in it to confirm your address, then log in."
        return Response({"message": message}, status=status.HTTP_202_ACCEPTED)


def sign_up(request: Request, *, name: str, email: str, password: str) -> None:
    """Create an unconfirmed account, or tell the owner of the address that one exists."""
    user = User(email=email, name=name)
    user.set_password(password)  # also where the address is taken: both ways take the same time
    try:
        with transaction.atomic():
            if User.objects.with_email(email).exists():
                get_adapter().send_account_already_exists_mail(email)
                return
            user.save()
            address = EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
            address.send_confirmation(request._request, signup=True)
    except IntegrityError:
        get_adapter().send_account_already_exists_mail(email)  # somebody else was faster
