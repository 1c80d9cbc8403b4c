"""Single sign-on by SAML 2.0: to the provider, and back with its signed word, which counts once and for one browser."""

from __future__ import annotations

import hashlib
import logging
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.sessions import LoginSession
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.middleware import limited
from accounts.signin.models import UsedAssertion
from accounts.signin.sso import refusal

logger = logging.getLogger(__name__)
LARGEST: Final = 200_000  # characters of one answer; those of large groups have some ten thousand
KEPT_SECONDS: Final = 120
COOKIE: Final = "saml-answer"


def library() -> ModuleType:
    """The part that needs requirements-sso.txt; the settings see to it that it is there where a provider is named."""
    return import_module("accounts.signin.assertions")


def provider_or_404(request: HttpRequest, organization_slug: str) -> Any:
    try:
        app = get_adapter(request).get_app(request, provider="saml", client_id=organization_slug)
    except SocialApp.DoesNotExist:
        raise Http404("No such provider.") from None
    return app.get_provider(request)


def house_of(provider: Any) -> Any:
    """Both sides' names and addresses, as ``assertions`` takes them."""
    slug, idp = provider.app.client_id, provider.app.settings["idp"]
    return library().House(
        entity_id=f"{settings.SITE_URL}{reverse('saml_metadata', args=[slug])}",
        answers_to=f"{settings.SITE_URL}{reverse('saml_acs', args=[slug])}",
        provider=idp["entity_id"],
        asks_at=idp["sso_url"],
        certificates=tuple(idp["certificates"]),
    )


@require_POST
@limited("login")
def start(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """To the provider, by a page of ours: a form must not lead to another site, says our content security policy."""
    provider = provider_or_404(request, organization_slug)
    number, address = library().ask(house_of(provider))
    process = "connect" if request.GET.get("process") == "connect" else "login"
    provider.stash_redirect_state(request, process, get_next_redirect_url(request), state_id=number)
    page = render(request, "socialaccount/leaving.html", {"address": address})
    page["Cache-Control"] = "no-store"
    return page


@csrf_exempt  # the provider's page sends it; it is signed, and nothing happens before our own next request
@require_POST
@never_cache
@limited("login")
def receive(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Keep the answer for a moment: a form of another site comes without our session, the redirect after it has it."""
    provider_or_404(request, organization_slug)
    answer = request.POST.get("SAMLResponse", "")
    if not 0 < len(answer) <= LARGEST:
        return refused(request, "no answer, or too large a one")
    response = redirect("saml_finish", organization_slug)
    kept = LoginSession(request, "saml_answer", COOKIE)
    kept.store.set_expiry(KEPT_SECONDS)
    kept.store["answer"] = answer
    kept.save(response)
    response.cookies[COOKIE]["httponly"] = True
    return response


@require_safe
@never_cache
def finish(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Let in whom the kept answer names, if this browser has asked for it and nobody has used it before."""
    provider = provider_or_404(request, organization_slug)
    kept = LoginSession(request, "saml_answer", COOKIE)
    answer = kept.store.get("answer", "")
    kept.delete()
    try:
        said = library().read(house_of(provider), answer)
        state = provider.unstash_redirect_state(request, said.answers)
        use_up(said)
    except library().Refused as error:
        return refused(request, str(error))
    except PermissionDenied:
        return refused(request, "not asked for by this browser, or too long ago")
    login = provider.sociallogin_from_response(request, said)
    login.state = state
    answered: HttpResponse = complete_social_login(request, login)
    return answered


@require_safe
def metadata(request: HttpRequest, organization_slug: str) -> HttpResponse:
    provider = provider_or_404(request, organization_slug)
    told = library().metadata(house_of(provider))
    return HttpResponse(told, content_type="application/samlmetadata+xml")


def use_up(said: Any) -> None:
    """Each assertion lets in once, in whatever browser. Kept until it would have run out by itself."""
    digest = hashlib.sha256(said.assertion.encode()).hexdigest()
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(digest=digest, until=said.until)
    except IntegrityError:
        raise library().Refused("used before") from None


def refused(request: HttpRequest, why: str) -> HttpResponse:
    """One page whatever is wrong; the log says what, for who runs the house."""
    logger.warning("A SAML answer lets nobody in: %s", why)
    return refusal(
        request,
        _("That log-in didn’t work"),
        _("Start again from our log-in page. If it goes on, tell whoever runs your log-in provider."),
    )
