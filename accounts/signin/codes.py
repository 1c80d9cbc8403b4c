"""A code of an authenticator app or a recovery code: counted, and good for one use, on pages and in the API alike."""

from __future__ import annotations

from typing import Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest

from accounts.limits.spending import spend
from accounts.models import User
from accounts.sealing import opened
from accounts.signin.factors import PURPOSE

LONGEST: Final = 40
#: In an app's row: the time step of the last code that was taken. Neither it nor an earlier one is taken again.
LAST_STEP: Final = "last_step"


class LockedOut(Exception):
    """So many codes were wrong that none is looked at for a while."""


def try_code(request: HttpRequest, user: User, code: str) -> Authenticator | None:
    """What ``code`` proves, which is used up by it; None where it is wrong.

    A wrong one counts like a wrong password, for this person at this address; besides, each person has only so many
    tries in an hour, from wherever they come: only somebody who knows the password gets this far. Raises LockedOut,
    LimitReached, and Unsealable where SECRET_KEY changed.
    """
    credentials = {"email": user.email}
    if not AxesProxyHandler.is_allowed(request, credentials):
        request.axes_locked_out, request.axes_credentials = True, credentials  # type: ignore[attr-defined]
        raise LockedOut
    spend(request, "second_factor", person=user)
    found = _match(user, code) if 0 < len(code) <= LONGEST else None
    if found is None:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
    return found


def _match(user: User, code: str) -> Authenticator | None:
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for authenticator in Authenticator.objects.filter(user_id=user.pk, type__in=kinds).order_by("-type"):
        is_app = authenticator.type == Authenticator.Type.TOTP
        if _match_app(authenticator.pk, code) if is_app else authenticator.wrap().validate_code(code):
            authenticator.refresh_from_db()  # it was changed under a lock, in an object of its own
            return authenticator
    return None


@transaction.atomic
def _match_app(number: int, code: str) -> bool:
    """RFC 6238, 5.2: a code is taken once. The row says up to which, so that it holds across processes."""
    authenticator = Authenticator.objects.select_for_update().get(pk=number)
    secret = opened(authenticator.data["secret"], PURPOSE)
    last = authenticator.data.get(LAST_STEP, 0)
    for step in yield_hotp_counters_from_time():
        if step > last and compare_user_code(
            actual=code, expected=format_hotp_value(hotp_value(secret, step))
        ):
            authenticator.data[LAST_STEP] = step
            authenticator.save(update_fields=["data"])
            return True
    return False
