"""What is kept of sign-ins, and for how long. The worker sweeps the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.signin.models import UsedAssertion
from accounts.tokens.models import ApiToken, TokenFamily

LOCKOUTS_KEPT: Final = timedelta(days=30)  # to see an attack in; the lock itself lasts minutes
TOKENS_KEPT: Final = timedelta(days=90)  # of API tokens that ended, to see what they were
SWEPT_AT_ONCE: Final = 1000


def sweep() -> None:
    """Sessions and tokens that have run out, and failed sign-ins of long ago; a bounded number each time."""
    now = timezone.now()
    _delete(Session.objects.filter(expire_date__lt=now))
    _delete(UsedAssertion.objects.filter(until__lt=now))
    _delete(TokenFamily.objects.filter(ends_at__lt=now))
    _delete(ApiToken.objects.filter(expires_at__lt=now - TOKENS_KEPT))
    _delete(
        OutstandingToken.objects.all()
    )  # in clear, given by a release before; nothing reads them any more
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        _delete(model.objects.filter(attempt_time__lt=now - LOCKOUTS_KEPT))


def _delete(old) -> None:  # type: ignore[no-untyped-def]
    model = old.model
    model.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])).delete()
