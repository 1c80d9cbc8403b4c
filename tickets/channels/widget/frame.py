"""Pages in somebody else's frame: by a site's key, in its sites alone, without cookies.

A browser sends no cookies of ours into a frame of another site, and where it does (a site of the same domain), nothing
here looks at them: everybody is a guest. So a forged request can do nothing that its sender could not do alone; a POST
must still come from a page of ours, by its Origin and by a token that the page carried.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
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
TOKEN_HEADER: Final = "X-CSRFToken"  # noqa: S105  # as on our own pages: one script uploads for both
FORM_SECONDS: Final = 12 * 3600


@dataclass(frozen=True)
class Frame:
    """One page in a frame: whose, in which theme and language.

    ``holder`` owns the files that its form has not sent yet: there is no session. The form's token carries it from the
    first page on, and is signed, so that it owns nothing that another frame uploaded. ``is_ours``: the form that came
    is one of this site's frame, not longer ago than FORM_SECONDS.
    """

    site: Site
    theme: str
    language_tag: str
    holder: str = field(default_factory=lambda: secrets.token_hex(16))
    is_ours: bool = False

    @property
    def query(self) -> str:
        """What its links carry on."""
        chosen = {"lang": self.language_tag, "theme": self.theme}
        return urlencode({name: value for name, value in chosen.items() if value})

    @property
    def token(self) -> str:
        return signing.dumps([self.site.key, self.holder], salt=FORM_SALT)


def _brought(site: Site, token: str) -> tuple[str, bool]:
    """The holder that a form's token names, and whether the token still counts: files outlive it by some hours."""
    try:
        key, holder = signing.loads(token, salt=FORM_SALT)
    except (signing.BadSignature, ValueError):
        key = holder = ""
    if not holder or key != site.key:
        return secrets.token_hex(16), False
    try:
        signing.loads(token, salt=FORM_SALT, max_age=FORM_SECONDS)
    except signing.SignatureExpired:
        return str(holder), False
    return str(holder), True


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
        token = request.POST.get("token") or request.headers.get(TOKEN_HEADER, "")
        holder, is_ours = _brought(site, token)
        frame = Frame(site, theme if theme in THEMES else "", said, holder, is_ours)
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
