"""Inviting a colleague: whom one may invite, the link, sending it again, taking it back.

Nobody invites above their own role, and an invitation is good only as long as whoever sent it could still send it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.mailboxes import normalize
from accounts.models import SERVICE_DOMAIN, WORKING, Role, User
from accounts.names import is_plain_name
from accounts.signin.changes import record
from accounts.signin.models import Change
from tickets.invitations.models import Invitation, State
from tickets.teams.models import Team

SALT: Final = "invitation"


class Refused(Exception):
    """It cannot be done; the message says why, to somebody who may see all people."""


def may_give(giver: User, role: str) -> bool:
    """Supervisors and administrators invite, and nobody above themselves."""
    return giver.is_supervisor and Role(role).rank <= giver.rank


def check(email: str, role: str, teams: Iterable[Team], *, by: User) -> None:
    """Return where ``by`` may invite this address so. Raises Refused."""
    if not may_give(by, role):
        raise Refused("Nobody invites above their own role.")
    if role not in WORKING and list(teams):
        raise Refused("Auditors belong to no team: they see every one.")
    if email.endswith(f"@{SERVICE_DOMAIN}"):
        raise Refused("Services get no mail. Make a token for one instead.")
    account = User.objects.with_email(email).first()
    if account is not None and not account.is_active:
        raise Refused(f"The account of {email} is switched off. Switch it on under People.")
    if account is not None and works_here(account):
        raise Refused(f"{email} works here already. Change the role under People.")
    if Invitation.objects.in_state(State.WAITING).filter(email=email).exists():
        raise Refused(f"{email} is invited already. Send that invitation again, or revoke it first.")


def works_here(account: User) -> bool:
    return account.role != Role.REQUESTER or account.is_superuser


@transaction.atomic
def invite(email: str, role: str, teams: Iterable[Team] = (), *, by: User) -> Invitation:
    """Write the invitation and its mail. An expired one to the same address ends. Raises Refused."""
    email, teams = normalize(email), list(teams)
    check(email, role, teams, by=by)
    Invitation.objects.in_state(State.EXPIRED).filter(email=email).update(revoked_at=timezone.now())
    invitation = Invitation(email=email, role=role, invited_by=by)
    secret = _renew(invitation)
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError:  # two at once
        raise Refused(f"{email} is invited already.") from None
    invitation.teams.set(teams)
    record(by, Change.What.INVITED, str(invitation.pk), by=by)
    _send(invitation, secret)
    return invitation


@transaction.atomic
def send_again(number: int, *, by: User) -> Invitation:
    """A new link and a new time; the link before is dead. Raises Refused."""
    invitation = _locked(number, by=by)
    account = User.objects.with_email(invitation.email).first()
    if account is not None and works_here(account):
        raise Refused(f"{invitation.email} works here already. Revoke the invitation.")
    secret = _renew(invitation)
    invitation.invited_by, invitation.sent_at = by, timezone.now()
    invitation.save(update_fields=["digest", "expires_at", "invited_by", "sent_at"])
    record(by, Change.What.INVITED, str(invitation.pk), by=by)
    _send(invitation, secret)
    return invitation


@transaction.atomic
def revoke(number: int, *, by: User) -> None:
    """The link opens nothing from now on. Raises Refused."""
    invitation = _locked(number, by=by)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record(by, Change.What.INVITE_REVOKED, str(invitation.pk), by=by)


def _locked(number: int, *, by: User) -> Invitation:
    invitation = Invitation.objects.select_for_update().get(pk=number)
    if not may_give(by, invitation.role):
        raise Refused("It is for a role above yours.")
    if invitation.state not in {State.WAITING, State.EXPIRED}:
        raise Refused(f"It was {State(invitation.state).label.lower()} already.")
    return invitation


# --- The link -----------------------------------------------------------------------------------------


def token_of(secret: str) -> str:
    return Signer(salt=SALT).sign(secret)


def digest_of(secret: str) -> str:
    """192 random bits: nothing slower than one round keeps them any safer."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find(token: str) -> Invitation | None:
    """The invitation that this link opens now; None for every other link, whatever is wrong with it."""
    try:
        secret = Signer(salt=SALT).unsign(token)
    except BadSignature:
        return None
    known = Invitation.objects.select_related("invited_by").prefetch_related("teams")
    invitation = known.filter(digest=digest_of(secret)).first()
    return invitation if invitation and is_good(invitation) else None


def is_good(invitation: Invitation) -> bool:
    return invitation.state == State.WAITING and may_give(invitation.invited_by, invitation.role)


def _renew(invitation: Invitation) -> str:
    secret = secrets.token_urlsafe(24)
    invitation.digest = digest_of(secret)
    invitation.expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
    return secret


def _send(invitation: Invitation, secret: str) -> None:
    inviter = invitation.invited_by
    facts = {
        "url": f"{settings.SITE_URL}{reverse('join', args=[token_of(secret)])}",
        "invitation": invitation,
        "inviter": inviter.name if inviter.name and is_plain_name(inviter.name) else settings.COMPANY_NAME,
        "is_customer": User.objects.with_email(invitation.email).exists(),
    }
    get_adapter().send_mail("invitations/mail/invitation", invitation.email, facts)
