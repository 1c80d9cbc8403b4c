"""API tokens: made once and shown once, read with each request, revoked at any time."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from allauth.account.signals import password_changed, password_reset, password_set
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.signin.changes import record
from accounts.signin.models import Change
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import Scope

PREFIX: Final = "hd_"
FORM: Final = re.compile(r"hd_[A-Za-z0-9_-]{43}")
SHOWN: Final = 8  # characters that the owner knows it by
MOST: Final = 20  # live ones of a person
MOST_NETWORKS: Final = 20
LIFETIMES: Final = {30: _("in 30 days"), 90: _("in 90 days"), 365: _("in a year")}
USE_NOTED: Final = timedelta(minutes=1)  # how exactly it is known when a token was used last


class Refused(Exception):
    """No token that is good. The message is for whoever sent it."""


class ElsewhereRefused(Refused):
    """A good token, from where it must not come."""


def make(
    user: User, *, name: str, scopes: Iterable[Scope], days: int, networks: str = "", by: User
) -> tuple[ApiToken, str]:
    """A new token, and its text, which is kept nowhere."""
    raw = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two at once are counted one after the other
        if ApiToken.objects.filter(user=user).live().count() >= MOST:
            raise ValidationError(gettext("That’s enough tokens. Revoke one that you no longer need first."))
        token = ApiToken.objects.create(
            user=user,
            name=name,
            digest=_digest(raw),
            hint=raw[:SHOWN],
            scopes=" ".join(scope for scope in Scope if scope in set(scopes)),
            networks=networks,
            made_by=by,
            expires_at=timezone.now() + timedelta(days=days),
        )
        record(user, Change.What.TOKEN_MADE, str(token.pk), by=by)
    return token, raw


def read(raw: str, address: str) -> ApiToken:
    """The live token of this text and its person, in one query. Refused for everything else."""
    if not FORM.fullmatch(raw):
        raise Refused("This is no API token.")
    token = ApiToken.objects.select_related("user").filter(digest=_digest(raw)).first()
    if token is None or not token.is_live or not token.user.is_active:
        raise Refused("This token has ended, was revoked, or never was one.")
    if token.networks and not _lies_in(address, token.networks):
        raise ElsewhereRefused("This token may not be used from this address.")
    _note_use(token)
    return token


def revoke(token: ApiToken, *, by: User) -> bool:
    """End it at once; False where it had been revoked before."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if ended:
            record(token.user, Change.What.TOKEN_REVOKED, str(token.pk), by=by)
    return bool(ended)


def read_networks(text: str) -> str:
    """Addresses and networks as they are kept; ValidationError names the one that is neither."""
    named = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(named) > MOST_NETWORKS:
        raise ValidationError(gettext("At most %(most)d, please.") % {"most": MOST_NETWORKS})
    found = []
    for part in named:
        try:
            found.append(str(ipaddress.ip_network(part, strict=False)))
        except ValueError:
            wrong = gettext("“%(part)s” is no address like 203.0.113.7 or 203.0.113.0/24.")
            raise ValidationError(wrong % {"part": part[:60]}) from None
    kept = ", ".join(found)
    if len(kept) > 400:
        raise ValidationError(gettext("At most %(most)d, please.") % {"most": MOST_NETWORKS // 2})
    return kept


@receiver([password_changed, password_set, password_reset])
def end_with_the_password(user: User, **facts: object) -> None:
    """Whoever changes a password may have lost more than the password."""
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def _note_use(token: ApiToken) -> None:
    """At most once a minute: many requests cost few writes."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _lies_in(address: str, networks: str) -> bool:
    caller = ipaddress.ip_address(address)
    return any(caller in ipaddress.ip_network(network) for network in networks.split(", "))


def _digest(raw: str) -> str:
    """The text is 256 random bits: nothing slower than one round keeps it any safer."""
    return hashlib.sha256(raw.encode()).hexdigest()
