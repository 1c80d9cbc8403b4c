"""Accepting an invitation: once, by its own address, for a new account or that of a customer."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.signin.changes import record
from accounts.signin.models import Change
from tickets.invitations.inviting import is_good, works_here
from tickets.invitations.models import Invitation
from tickets.teams.models import Membership


class Gone(Exception):
    """The invitation opens nothing any more: somebody was faster, or took it back."""


@transaction.atomic
def with_new_account(number: int, *, name: str, password: str) -> User:
    """Whoever opened the link has proved the address by it. Raises Gone."""
    invitation = _locked(number)
    try:
        with transaction.atomic():
            person: User = User.objects.create_user(
                invitation.email, password, name=name, role=invitation.role
            )
    except IntegrityError:
        raise Gone from None
    _join(invitation, person)
    return person


@transaction.atomic
def with_own_account(number: int, person: User) -> None:
    """A customer's account becomes a colleague's. Raises Gone, also where the account is not of the invited address."""
    invitation = _locked(number)
    person = User.objects.select_for_update().get(pk=person.pk)
    if not is_open_to(invitation, person):
        raise Gone
    person.role = invitation.role
    person.save(update_fields=["role"])
    _join(invitation, person)


def is_open_to(invitation: Invitation, person: User) -> bool:
    """A working account of the invited address, which its owner has proved, and that has no role here yet."""
    own = person.email == invitation.email and person.email_is_verified
    return own and person.is_active and not works_here(person)


def _locked(number: int) -> Invitation:
    known = Invitation.objects.select_for_update(of=("self",)).select_related("invited_by")
    invitation = known.filter(pk=number).first()
    if invitation is None or not is_good(invitation):
        raise Gone
    return invitation


def _join(invitation: Invitation, person: User) -> None:
    for team in invitation.teams.all():
        Membership.objects.get_or_create(team=team, agent=person)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), person
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record(person, Change.What.JOINED, f"{person.role} by {invitation.pk}", by=invitation.invited_by)
