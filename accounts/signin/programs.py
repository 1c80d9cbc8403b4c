"""The same powers for programs: a log-in proves the second factor once, and for so long it counts as fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts.models import User
from accounts.signin.factors import FACTORS, has_factor
from accounts.tokens.families import Access, family_of


class SecondFactorStale(exceptions.AuthenticationFailed):
    default_code = "second_factor_stale"
    default_detail = (
        "This needs a fresh second factor: log in again with a code. API tokens cannot prove one."
    )


def demand(request: Request) -> None:
    """Return where whoever calls may use a power. Who has no second factor is not asked, as on the pages."""
    user = cast(User, request.user)
    if has_factor(user) and not _is_fresh(user, request.auth):
        raise SecondFactorStale


def _is_fresh(user: User, auth: Any) -> bool:
    """The log-in asked for the factor that there is now, and is not long ago."""
    if not isinstance(auth, Access):
        return False
    try:
        began = family_of(auth).began_at
    except TokenError:
        return False
    oldest = timezone.now() - timedelta(minutes=settings.SECOND_FACTOR_MINUTES)
    asked = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS, created_at__lte=began).exists()
    return asked and began > oldest
