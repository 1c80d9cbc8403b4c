"""Single sign-on: whom a provider's word lets in, to which account, and in which role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import requests
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.adapter import on_this_site
from accounts.limits.middleware import limited
from accounts.models import Role, User
from accounts.names import is_plain_name
from accounts.signin import changes
from accounts.signin.models import Change

#: What a SAML provider's accounts are kept under.
SAML: Final = "saml"


class Provider(OpenIDConnectOAuth2Adapter):
    """Sends people back to SITE_URL, whatever the Host header says."""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return on_this_site(super().get_callback_url(request, app))


@require_POST
@limited("login")
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """To the provider, by a page of ours: a form must not lead to another site, says our content security policy."""
    try:
        answer: HttpResponse = OAuth2LoginView.adapter_view(Provider(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (requests.RequestException, KeyError, ValueError):
        return unreachable(request)
    if answer.status_code != 302:
        return answer
    page = render(request, "socialaccount/leaving.html", {"address": answer["Location"]})
    page["Cache-Control"] = "no-store"
    return page


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(Provider(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (requests.RequestException, KeyError, ValueError):
        return unreachable(request)
    return answer


def unreachable(request: HttpRequest) -> HttpResponse:
    answer = refusal(
        request,
        _("We can’t reach your log-in provider"),
        _("Try again in a minute, or log in with your password."),
    )
    answer.status_code = 503
    answer["Retry-After"] = "60"
    return answer


def refusal(request: HttpRequest, title: str, advice: str) -> HttpResponse:
    return render(request, "socialaccount/refused.html", {"title": title, "advice": advice}, status=403)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Only an address that the provider has verified counts, and nobody's staff account by it alone."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Those of the settings: no row in a table lets anybody in."""
        kinds: dict[str, list[SocialApp]] = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in kinds.values() for app in apps]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """After the account was looked up by the provider's own number, or by a verified address."""
        if not of_one_person(sociallogin):
            raise ImmediateHttpResponse(unreachable(request))
        if not sociallogin.is_existing:
            self._check_newcomer(request, sociallogin)
            return
        give_role(sociallogin.user, claims_of(sociallogin))

    def _check_newcomer(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        address = verified_address(sociallogin)
        if not address:
            raise ImmediateHttpResponse(
                refusal(
                    request,
                    _("We need a confirmed email address"),
                    _("Your log-in provider hasn’t confirmed yours. Ask whoever runs it, then try again."),
                )
            )
        connecting = sociallogin.state.get("process") == "connect"
        if not connecting and EmailAddress.objects.filter(email__iexact=address).exists():
            raise ImmediateHttpResponse(
                refusal(
                    request,
                    _("This address already has an account"),
                    _("Log in with your password once, then connect it in your profile."),
                )
            )

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """A requester's account by their verified address; that of somebody who works here only by SSO_LINK_STAFF."""
        address = verified_address(login)
        user = User.objects.with_verified_email(address).first() if address else None
        if user is None or User.objects.normalize_email(email) != address:
            return False
        works_here = user.role != Role.REQUESTER or user.is_superuser
        return settings.SSO_LINK_STAFF or not works_here

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = sociallogin.user
        name = " ".join(str(data.get("name") or "").split())
        user.email = User.objects.normalize_email(str(data.get("email") or ""))
        user.name = name if is_plain_name(name) else ""
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A newcomer, with the one address that is verified, in the role that the provider's groups give."""
        address = verified_address(sociallogin)
        user: User = sociallogin.user
        user.email = address
        sociallogin.email_addresses = [EmailAddress(email=address, verified=True, primary=True)]
        super().save_user(request, sociallogin, form)
        changes.record(user, Change.What.LINKED, sociallogin.account.provider, by=None)
        give_role(user, claims_of(sociallogin))
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return resolve_url("profile")


def answers_of(login: SocialLogin) -> list[dict[str, Any]]:
    """What the provider says of the person: first the identity token, then what it told when asked."""
    said: dict[str, Any] = login.account.extra_data
    parts = [said.get(name) for name in ("id_token", "userinfo") if name in said]
    return [part for part in parts or [said] if isinstance(part, dict)]


def of_one_person(login: SocialLogin) -> bool:
    """OpenID Connect Core 5.3.2: both answers name the same subject, or neither counts."""
    return len({str(answer.get("sub")) for answer in answers_of(login)}) == 1


def claims_of(login: SocialLogin) -> dict[str, Any]:
    return {name: value for answer in answers_of(login) for name, value in answer.items()}


def verified_address(login: SocialLogin) -> str:
    """The address that the provider says it has verified, as we keep it; empty where there is none.

    Both must stand in one answer: the later one that names an address. SAML knows no such word: there an address
    counts that is of a domain which the provider speaks for.
    """
    if login.account.provider == SAML:
        own = (address.email for address in login.email_addresses if address.verified)
        return next((User.objects.normalize_email(email) for email in own), "")
    for answer in reversed(answers_of(login)):
        if answer.get("email"):
            verified = answer.get("email_verified") in (True, "true")
            return User.objects.normalize_email(str(answer["email"])) if verified else ""
    return ""


def give_role(user: User, claims: dict[str, Any]) -> None:
    """Put the person into the role of their groups; out of all groups, a requester. No groups set: roles stay.

    Whatever role they had: where groups are set, they alone say who works here. A superuser is left alone: no provider
    locks the house out.
    """
    if user.is_superuser or not settings.SSO_ROLE_GROUPS:
        return
    role = role_of(claims.get(settings.SSO_ROLE_CLAIM))
    if user.role == role:
        return
    user.role = role
    user.save(update_fields=["role"])
    changes.record(user, Change.What.ROLE, role, by=None)


def role_of(groups: Any) -> Role:
    """The highest role that one of ``groups`` gives: a list of names, or one name. Anything else gives none."""
    listed: Iterable[Any] = (
        [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    )
    named = {name for name in listed if isinstance(name, str)}
    given = [Role(role) for role, givers in settings.SSO_ROLE_GROUPS.items() if named & set(givers)]
    return max(given, key=lambda role: role.rank, default=Role.REQUESTER)
