"""What follows from a change of how somebody signs in: a row in the trail, a line in the log, a mail to its owner."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.utils import translation

from accounts.models import User
from accounts.signin.models import Change
from accounts.tokens import families

logger = logging.getLogger(__name__)


def record(person: User, what: Change.What, kind: str = "", *, by: User | None) -> None:
    Change.objects.create(person=person, by=by, what=what, kind=kind)
    logger.info("Sign-in of person %s: %s %s, by %s", person.pk, what.value, kind, by.pk if by else "nobody")


def tell(person: User, template: str, **context: Any) -> None:
    """Mail to the owner, in the language of their account if they chose one."""
    with translation.override(person.language or translation.get_language() or settings.LANGUAGE_CODE):
        get_adapter().send_notification_mail(template, person, context)


@transaction.atomic
def remove_factors(person: User, *, by: User | None) -> int:
    """Take all second factors from somebody who lost them, end what is logged in as them, and tell them by mail.

    Returns how many there were, recovery codes not counted.
    """
    held = list(Authenticator.objects.select_for_update().filter(user=person))
    if not held:
        return 0
    for authenticator in held:
        record(person, Change.What.FACTOR_REMOVED, authenticator.type, by=by)
        authenticator.delete()
    families.end_everywhere(person)
    tell(person, "mfa/email/removed_by_us")
    return sum(authenticator.type != Authenticator.Type.RECOVERY_CODES for authenticator in held)


@receiver(signals.authenticator_added)
def on_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    record(user, Change.What.FACTOR_ADDED, authenticator.type, by=user)


@receiver(signals.authenticator_removed)
def on_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    record(user, Change.What.FACTOR_REMOVED, authenticator.type, by=user)


@receiver(signals.authenticator_reset)
def on_renewed(user: User, **kwargs: Any) -> None:
    record(user, Change.What.CODES_RENEWED, by=user)


@receiver(signals.authenticator_used)
def on_used(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """A recovery code is what a thief would use: its owner hears of it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        return
    record(user, Change.What.CODE_USED, by=user)
    tell(user, "mfa/email/recovery_code_used", left=len(authenticator.wrap().get_unused_codes()))


@receiver(social_account_added)
def on_linked(sociallogin: Any, **kwargs: Any) -> None:
    record(sociallogin.user, Change.What.LINKED, sociallogin.account.provider, by=None)


@receiver(social_account_removed)
def on_unlinked(socialaccount: Any, **kwargs: Any) -> None:
    record(socialaccount.user, Change.What.UNLINKED, socialaccount.provider, by=socialaccount.user)
