"""What customers are told of a recording that was not understood."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets.channels.voice.models import Recording

WHY_NOT: Final[dict[str, Promise]] = {
    "unreadable": _("We couldn’t read this recording. Record it again, or write to us instead."),
    "too_long": _("This recording is longer than 5 minutes. Record a shorter one, or write to us instead."),
    "silent": _("We couldn’t hear any words in this recording. Check your microphone and try again."),
}
OTHERWISE: Final = _(
    "We couldn’t turn this recording into text. You can still send it: a person will listen to it."
)


def why_not(recording: Recording) -> str:
    """Empty where it was understood, or is not done yet."""
    if recording.state != Recording.State.FAILED:
        return ""
    return str(WHY_NOT.get(recording.failure, OTHERWISE))
