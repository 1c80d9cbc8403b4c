"""Pages in somebody else's frame: by a site's key, in its sites alone, without cookies.

A browser sends no cookies of ours into a frame of another site, and where it does (a site of the same domain), nothing
here looks at them: everybody is a guest. So a forged request can do nothing that its sender could not do alone; a POST
must still come from a page of ours, by its Origin and by a token that the page carried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

from tickets.channels.widget.models import Site
from tickets.words import languages

THEMES: Final = ("light", "dark")
FORM_SALT: Final = "widget.form"
FORM_SECONDS: Final = 12 * 3600


@dataclass(frozen=True)
class Frame:
    """One page in a frame: whose, in which theme and language."""

    site: Site
    theme: str
    language_tag: str

    @property
    def query(self) -> str:
        """What its links carry on."""
        chosen = {"lang": self.language_tag, "theme": self.theme}
        return urlencode({name: value for name, value in chosen.items() if value})

    @property
    def token(self) -> str:
        return signing.dumps(self.site.key, salt=FORM_SALT)

    def wrote(self, token: str) -> bool:
        """Whether a form came from a page of this site's frame, not long ago."""
        try:
            return bool(signing.loads(token, salt=FORM_SALT, max_age=FORM_SECONDS) == self.site.key)
        except signing.BadSignature:
            return False


def framed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give ``view`` its Frame for the key in the address, let that key's sites show it, and nobody else."""

    @xframe_options_exempt
    @csrf_exempt
    @never_cache
    @wraps(view)
    def shown(request: HttpRequest, key: str, *args: Any, **kwargs: Any) -> HttpResponse:
        site = Site.objects.filter(key=key, active=True).first()
        if site is None:
            raise Http404("No such widget.")
        if request.method == "POST" and not _from_own_page(request):
            raise PermissionDenied("The form came from another site.")
        request.user = AnonymousUser()
        said = languages.supported(request.GET.get("lang", ""))
        theme = request.GET.get("theme", "")
        frame = Frame(site, theme if theme in THEMES else "", said)
        with translation.override(said or translation.get_language() or settings.LANGUAGE_CODE):
            response = view(request, frame, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        response.frame_ancestors = " ".join(site.allowed)  # type: ignore[attr-defined]
        return response

    return shown


def _from_own_page(request: HttpRequest) -> bool:
    """By what browsers say and pages cannot change. Who sends neither is no browser, and has no cookies to lend."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.get_host()


def page(
    request: HttpRequest, template: str, frame: Frame, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return render(request, template, {"frame": frame, **context}, status=status)
