"""Tokens for programs: a log-in begins a family, each refresh hands the family on, whatever ends it ends all its tokens.

A refresh token is good for one use. Whoever uses one a second time, be it the thief or the one who was robbed, ends the
family: who of the two holds the newer token cannot be known ("refresh token rotation" of RFC 9700, section 4.14).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from rest_framework_simplejwt import tokens as library
from rest_framework_simplejwt.exceptions import TokenError

from accounts.models import User
from accounts.tokens.models import ApiToken, TokenFamily

CLAIM: Final = "family"
#: So long a refresh token that is not used stays good.
UNUSED: Final = cast(timedelta, settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"])
#: However often it is refreshed, after this time somebody has to log in again.
LONGEST: Final = timedelta(days=90)
#: Ours have less than 500 characters.
LONGEST_TOKEN: Final = 4_000


class Bounded(library.Token):
    """Whatever is sent in the place of a token is read as one or refused with TokenError."""

    def __init__(self, token: Any = None, verify: bool = True) -> None:
        if token is not None and len(token) > LONGEST_TOKEN:
            raise TokenError("Token is invalid")
        try:
            super().__init__(token, verify)
        except (OverflowError, OSError) as error:  # a time beyond all calendars
            raise TokenError("Token is invalid") from error


class Access(Bounded, library.AccessToken):
    """Opens the API for some minutes, while its family lasts."""


class Refresh(Bounded):
    """Is exchanged for the next pair."""

    token_type = "refresh"  # noqa: S105  # the name of a kind
    lifetime = UNUSED


def begin(user: User) -> dict[str, str]:
    """The first pair of tokens of a log-in: ``access`` and ``refresh``."""
    now = timezone.now()
    family = TokenFamily(user=user, stamp=user.get_session_auth_hash(), began_at=now, renewed_at=now)
    pair, current = _pair(family)
    family.current, family.ends_at = current, now + UNUSED
    family.save(force_insert=True)
    return pair


def renew(raw: str) -> dict[str, str]:
    """The next pair for a refresh token, which is used up by it. TokenError where it is none or no longer good."""
    token, family = read_refresh(raw)
    pair, current = _pair(family)
    now = timezone.now()
    ends = min(now + UNUSED, family.began_at + LONGEST)
    # Looking and using up is one statement: of two uses in the same moment only one gets a pair.
    won = TokenFamily.objects.filter(pk=family.pk, current=_hashed(token)).update(
        current=current, renewed_at=now, ends_at=ends
    )
    if not won:
        family.delete()
        raise TokenError("This token was used before. Log in again.")
    return pair


def read_refresh(raw: str) -> tuple[Refresh, TokenFamily]:
    """A refresh token that we gave, and its family, which still lasts. TokenError for everything else."""
    token = Refresh(raw)
    return token, family_of(token)


def family_of(token: library.Token) -> TokenFamily:
    """The family of a token whose signature was checked, with its person. TokenError where it has ended."""
    try:
        pk = UUID(str(token.get(CLAIM)))
    except ValueError:
        raise TokenError("Token is invalid") from None
    family = TokenFamily.objects.select_related("user").filter(pk=pk, ends_at__gt=timezone.now()).first()
    if family is None or not _still_holds(family):
        raise TokenError("This log-in has ended. Log in again.")
    return family


def end(family: TokenFamily) -> None:
    """End one log-in: its refresh and its access tokens are refused from now on."""
    TokenFamily.objects.filter(pk=family.pk).delete()


def end_everywhere(user: User) -> None:
    """End every log-in of a person at once, in browsers and programs, and every API token."""
    User.objects.filter(pk=user.pk).update(logins_ended=F("logins_ended") + 1)
    user.refresh_from_db(fields=["logins_ended"])
    TokenFamily.objects.filter(user=user).delete()
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def _pair(family: TokenFamily) -> tuple[dict[str, str], str]:
    """New tokens, and what the family keeps of the refresh token."""
    access, refresh = Access(), Refresh()
    for token in (access, refresh):
        token["user_id"], token[CLAIM] = str(family.user_id), str(family.pk)
    return {"access": str(access), "refresh": str(refresh)}, _hashed(refresh)


def _still_holds(family: TokenFamily) -> bool:
    stamp: Any = family.user.get_session_auth_hash()
    return family.user.is_active and hmac.compare_digest(family.stamp, stamp)


def _hashed(token: Refresh) -> str:
    return hashlib.sha256(str(token.get("jti")).encode()).hexdigest()
