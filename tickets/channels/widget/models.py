"""Sites that may show our help in a frame."""

from __future__ import annotations

import re
import secrets
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_LOCAL: Final = {"localhost", "127.0.0.1"}
MOST_ORIGINS: Final = 20


def new_key() -> str:
    return secrets.token_urlsafe(12)


def origin_of(written: str) -> str:
    """``https://shop.example.com`` as a browser writes it. ValidationError for what names no single site."""
    try:
        parts = urlsplit(written.strip().lower())
        port = parts.port
    except ValueError:
        raise ValidationError(f"“{written}” is no address of a site.", code="origin") from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or parts.username is not None:
        raise ValidationError(f"“{written}”: write https:// and the site’s name.", code="origin")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValidationError(f"“{written}”: only the site, without a page on it.", code="origin")
    if parts.scheme == "http" and host not in _LOCAL:
        raise ValidationError(
            f"“{written}”: only https, or what is said may be changed on its way.", code="origin"
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


class Site(models.Model):
    """One key, and the sites that may show our pages by it. The key is no secret: it stands in their pages."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    origins = models.TextField(
        max_length=4000,
        help_text="One a line, such as https://shop.example.com. No other site can show the widget by this key.",
    )
    active = models.BooleanField(
        default=True, help_text="Off: the widget’s pages are gone everywhere at once."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def allowed(self) -> list[str]:
        return self.origins.split()

    def clean(self) -> None:
        """Keep the origins as browsers write them."""
        try:
            found = list(dict.fromkeys(origin_of(one) for one in self.origins.split()))
        except ValidationError as error:
            raise ValidationError({"origins": error}) from error
        if not found:
            raise ValidationError({"origins": "Name at least one site."})
        if len(found) > MOST_ORIGINS:
            raise ValidationError(
                {"origins": f"At most {MOST_ORIGINS} sites a key. Make another key for more."}
            )
        self.origins = "\n".join(found)
