"""The one sentence encoder of this process, where TRIAGE_ENCODER names one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from triage.core.errors import EncoderError
from triage.core.learning.meaning import open_encoder
from triage.core.vectors import Encoder


def configured_encoder() -> Encoder | None:
    """The encoder to train and assess with; None where the setting is empty.

    Raises ImproperlyConfigured where packages or weights are missing or broken: who asked for an encoder gets it or
    an error, never a model without it.
    """
    return opened(settings.TRIAGE_ENCODER) if settings.TRIAGE_ENCODER else None


@cache
def opened(place: Path) -> Encoder:
    try:
        return open_encoder(place)
    except EncoderError as error:
        raise ImproperlyConfigured(f"TRIAGE_ENCODER cannot be used: {error}.") from error
