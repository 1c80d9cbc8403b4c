"""Second factors: who has one, who must, and how their secrets are kept."""

from __future__ import annotations

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import sealing
from accounts.models import User

PURPOSE: Final = "second factor"
#: Recovery codes alone are no factor: they only stand in for one.
FACTORS: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def must_have(user: User) -> bool:
    """Whether REQUIRE_SECOND_FACTOR names this person's role."""
    if settings.REQUIRE_SECOND_FACTOR == "staff":
        return user.is_agent
    return settings.REQUIRE_SECOND_FACTOR == "supervisors" and user.is_supervisor


def lacks_required(user: User) -> bool:
    return must_have(user) and not has_factor(user)


def vouched_for(request: HttpRequest) -> bool:
    """Whether this session began at a provider that asks for the second factor itself."""
    if not settings.SSO_SECOND_FACTOR:
        return False
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "socialaccount" for record in records)


def relying_party() -> str:
    """The name that passkeys are made for: the host of SITE_URL, whatever host the request names.

    A passkey cannot be made for a bare address; at a desk it is made for localhost.
    """
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    try:
        return "localhost" if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host


class FactorAdapter(DefaultMFAAdapter):
    """django-allauth's second factors: sealed at rest, in the company's name, in our words."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That didn’t work. Check the code, or try again with your passkey."),
        "add_email_blocked": _("Remove the second step first, then change your email address."),
        "cannot_generate_recovery_codes": _("Set up an authenticator app or a passkey first."),
        "unverified_email": _("Confirm your email address first."),
    }

    def encrypt(self, text: str) -> str:
        return sealing.sealed(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.opened(encrypted_text, PURPOSE)

    def get_totp_issuer(self) -> str:
        return str(settings.COMPANY_NAME)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": relying_party(), "name": settings.COMPANY_NAME}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %(number)d") % {"number": number}
