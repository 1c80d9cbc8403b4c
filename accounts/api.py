"""Login, tokens and sign-up for programs."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
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
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError

from accounts.contract.strict import StrictSerializer
from accounts.contract.views import ContractView
from accounts.limits.spending import spend
from accounts.lockout import LOCKED_MESSAGE, seconds_locked
from accounts.mailboxes import AddressApiField
from accounts.models import User
from accounts.names import validate_name
from accounts.sealing import Unsealable
from accounts.signin import codes, factors
from accounts.tokens import families
from accounts.tokens.scopes import Scope


class LockedOut(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "locked_out"
    default_detail = LOCKED_MESSAGE

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait  # what the framework tells in Retry-After


class LoginSerializer(StrictSerializer):
    email = AddressApiField()
    password = serializers.CharField(trim_whitespace=False, style={"input_type": "password"})
    code = serializers.CharField(
        required=False, allow_blank=True, max_length=codes.LONGEST,
        help_text="Only for accounts with a second factor: the code of the authenticator app, or a recovery code, "
        "which is used up by it. Without it the answer is 401 with the code `second_factor_required`.",
    )  # fmt: skip


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`; short-lived.")
    refresh = serializers.CharField(help_text="Exchange at /auth/refresh; each is good for one use.")


class RefreshSerializer(StrictSerializer):
    refresh = serializers.CharField()


class LogoutSerializer(StrictSerializer):
    refresh = serializers.CharField(required=False, help_text="Of the log-in to end.")
    everywhere = serializers.BooleanField(
        default=False, help_text="True: end all your log-ins, in browsers too."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["everywhere"] and "refresh" not in attrs:
            raise serializers.ValidationError({"refresh": ["Name a refresh token, or say everywhere."]})
        return attrs


class RegisterSerializer(StrictSerializer):
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


class LoginView(ContractView):
    """E-mail and password, and a code where there is a second factor, against an access and a refresh token."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"  # makes a failed login a 401 although no authentication is asked for

    @extend_schema(operation_id="log_in", request=LoginSerializer, responses=TokensSerializer, auth=[])
    def post(self, request: Request) -> Response:
        spend(request._request, "login")
        said = self.body(LoginSerializer)
        credentials = {name: said[name] for name in ("email", "password")}
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
        second_step(request, user, said.get("code", ""))
        user_logged_in.send(sender=User, request=request._request, user=user)
        return Response(families.begin(user))


def second_step(request: Request, user: User, code: str) -> None:
    """Return where the person needs no second factor or ``code`` proves theirs; it is used up by it."""
    if not factors.has_factor(user):
        refuse_without_factor(user)
        return
    if not code:
        raise exceptions.AuthenticationFailed(
            "This account has a second factor: send the code of the authenticator app, or a recovery code, as “code”.",
            "second_factor_required",
        )
    try:
        proved = codes.try_code(request._request, user, code)
    except codes.LockedOut:
        raise LockedOut(seconds_locked(request._request, user.email)) from None
    except Unsealable:
        raise exceptions.PermissionDenied(
            "This account’s second factor can’t be read any more. Ask a supervisor to remove it.",
            "second_factor_unreadable",
        ) from None
    if proved is None:
        raise exceptions.AuthenticationFailed(
            "That code is wrong, too old, or has been used already.", "invalid_code"
        )
    proved.user = user
    proved.record_usage()
    authenticator_used.send(
        sender=Authenticator, request=request._request, user=user, authenticator=proved,
        reauthenticated=False, passwordless=False,
    )  # fmt: skip


def refuse_without_factor(user: User) -> None:
    if factors.lacks_required(user):
        raise exceptions.PermissionDenied(
            "Your role needs a second factor. Log in on the website and set it up first.",
            "second_factor_missing",
        )


class RefreshView(ContractView):
    """A new pair of tokens for a refresh token, which is used up by it. Used again, it ends the whole log-in."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"

    @extend_schema(
        operation_id="refresh_tokens", request=RefreshSerializer, responses=TokensSerializer, auth=[]
    )
    def post(self, request: Request) -> Response:
        spend(request._request, "login")
        raw = self.body(RefreshSerializer)["refresh"]
        try:
            refuse_without_factor(families.read_refresh(raw)[1].user)
            return Response(families.renew(raw))
        except TokenError as error:
            raise InvalidToken(str(error)) from error


class LogoutView(ContractView):
    """Ends the log-in that a refresh token belongs to, its access tokens too; or with `everywhere` all of yours, your
    API tokens among them."""

    needs = {"POST": Scope.TOKENS_WRITE}
    repeatable = True
    open_to_auditors = True

    @extend_schema(operation_id="log_out", request=LogoutSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        said = self.body(LogoutSerializer)
        user = cast(User, request.user)
        if said["everywhere"]:
            families.end_everywhere(user)
            return Response(status=status.HTTP_204_NO_CONTENT)
        try:
            _token, family = families.read_refresh(said["refresh"])
            if family.user_id != user.pk:
                raise TokenError("Another person's token.")
        except TokenError as error:
            raise serializers.ValidationError({"refresh": ["Not a valid refresh token of yours."]}) from error
        families.end(family)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RegisterView(ContractView):
    """Signs somebody up. The answer is the same whether or not the address has an account already."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        operation_id="register",
        request=RegisterSerializer,
        responses={202: OpenApiResponse(NoticeSerializer, "A mail with a confirmation link is on its way.")},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        said = self.body(RegisterSerializer)
        spend(request._request, "register", mailbox=said["email"])
        sign_up(request, **said)
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
