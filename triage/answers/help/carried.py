"""The encounter of a form that keeps no session: the form carries it, signed, from each suggestion to its sending."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core import signing

from tickets.channels.widget.views import sent_from_frame
from triage.answers.help.encounters import MOST_OFFERED, OPEN_FOR
from triage.answers.help.models import Encounter

SALT: Final = "help.carried"


def found(carried: str) -> Encounter | None:
    """The encounter that a form carries. Forged, of another form, or too old: none."""
    try:
        number = signing.loads(carried, salt=SALT, max_age=OPEN_FOR)
    except signing.BadSignature:
        return None
    return Encounter.objects.filter(pk=number).first()


def meet(carried: str, slugs: Sequence[str]) -> tuple[Encounter, str]:
    """The encounter, drawn by lot at its beginning, with what was offered; and what the form carries from now on."""
    known = found(carried)
    if known is None:
        shown = random.random() >= settings.HELP_HELD_BACK_SHARE  # noqa: S311  # a lot, no secret
        known = Encounter.objects.create(shown=shown, offered=list(slugs))
        carried = signing.dumps(known.pk, salt=SALT)
    elif new := [slug for slug in slugs if slug not in known.offered]:
        known.offered = [*known.offered, *new][:MOST_OFFERED]
        known.save(update_fields=["offered"])
    return known, carried


def solve(carried: str, slug: str) -> bool:
    """Its reader says that an answer was enough; whether there was such an encounter, and it was not sent."""
    known = found(carried)
    if known is None or not known.shown or known.asked or slug not in known.offered:
        return False
    Encounter.objects.filter(pk=known.pk).update(solved=slug)
    return True


def note_sent(sender: Any, carried: str, **kwargs: Any) -> None:
    """The form ended in a ticket."""
    known = found(carried)
    if known is not None:
        Encounter.objects.filter(pk=known.pk).update(asked=True)


sent_from_frame.connect(note_sent, dispatch_uid="help encounters of frames")
