"""What is kept of invitations, for how long, and what one person may see and have erased of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from accounts import privacy
from accounts.privacy import Person
from tickets.background import jobs
from tickets.invitations.models import Invitation

KEPT: Final = timedelta(days=90)  # of what has ended, to see what became of it; the trail stays
SWEPT_AT_ONCE: Final = 100


def discard_old() -> None:
    before = timezone.now() - KEPT
    old = Invitation.objects.filter(
        Q(accepted_at__lt=before) | Q(revoked_at__lt=before) | Q(expires_at__lt=before, accepted_at=None)
    )
    Invitation.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])).delete()


def export_invitations(person: Person) -> dict[str, list[dict[str, Any]]]:
    own = Invitation.objects.filter(email=person.address)
    names = ("email", "role", "created_at", "sent_at", "expires_at", "accepted_at", "revoked_at")
    return {"invitations": privacy.rows(own.values(*names))}


def erase_invitations(person: Person) -> dict[str, Any]:
    own = Invitation.objects.filter(email=person.address)
    own.filter(accepted_at=None, revoked_at=None).update(revoked_at=timezone.now())
    return {"invitations": own.update(email=person.alias)}


jobs.register_sweep(discard_old)
privacy.register("invitations", export_invitations, erase_invitations)
