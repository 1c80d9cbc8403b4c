"""What we write to somebody about their own data, in their language and time."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from tickets.own_data.models import DataExport, Deletion
from tickets.words import languages


@contextmanager
def in_words_of(user: User, language: str) -> Iterator[None]:
    zone = zoneinfo.ZoneInfo(user.time_zone) if user.time_zone else timezone.get_default_timezone()
    language_tag = (
        languages.supported(user.language) or languages.supported(language) or settings.LANGUAGE_CODE
    )
    with translation.override(language_tag), timezone.override(zone):
        yield


def _write(name: str, address: str, **facts: Any) -> None:
    page = f"{settings.SITE_URL}{reverse('my-data')}"
    get_adapter().send_mail(f"account/email/{name}", address, {"page_url": page, **facts})


def ready(export: DataExport) -> None:
    with in_words_of(export.user, export.language):
        _write("data_ready", export.user.email, expires=export.expires_at)


def deletion_asked(deletion: Deletion) -> None:
    with in_words_of(deletion.user, deletion.language):
        _write("deletion_asked", deletion.user.email, due=deletion.due_at)


def deletion_stopped(deletion: Deletion) -> None:
    with in_words_of(deletion.user, deletion.language):
        _write("deletion_stopped", deletion.user.email)


def deleted(user: User, address: str, language: str) -> None:
    """``user`` as it was before; the address is the last thing we know, and goes with this mail."""
    with in_words_of(user, language):
        _write("account_deleted", address)
