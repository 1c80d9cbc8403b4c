"""How django-allauth behaves here: plain-text mail through the outbox, in the company's name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.client_address import client_source
from accounts.mailboxes import validate_address

#: What is asked for first: a code goes from any device, and there is always one.
_ORDER = ("mfa_reauthenticate", "mfa_reauthenticate:webauthn")


class AccountAdapter(DefaultAccountAdapter):
    """Mail templates may name the company and its address whether or not a request is at hand."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That email address or password is wrong. Check both and try again."),
        "too_many_login_attempts": _("Too many failed attempts. Wait a few minutes, then try again."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Who works here starts at the desk; asked for only where no page was wanted before."""
        start = "admin:index" if getattr(request.user, "reads_desk", False) else settings.LOGIN_REDIRECT_URL
        return resolve_url(start)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_source(request)

    def clean_email(self, email: str) -> str:
        validate_address(email)
        return str(super().clean_email(email))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor proves that: the password alone must not be enough to take it away."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"] != "reauthenticate"]
        return sorted(factors, key=lambda method: _ORDER.index(method["id"])) if factors else methods

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Also from the command line, where nobody's address or browser is to be named."""
        if self.request is not None:
            super().send_notification_mail(template_prefix, user, context, email)
            return
        self.send_mail(
            template_prefix, user.email, {"timestamp": timezone.now(), "user": user, **(context or {})}
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to SITE_URL: the library makes them from the Host header, which the client writes."""
        links = {name: on_this_site(value) for name, value in context.items() if name.endswith("_url")}
        facts = {"request": self.request, "email": email, **context, **links, "current_site": None}
        self.render_mail(template_prefix, email, facts).send()

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        names = {"company": settings.COMPANY_NAME, "support_email": settings.SUPPORT_EMAIL}
        mail: EmailMessage = super().render_mail(template_prefix, email, {**context, **names}, headers)
        return mail


def on_this_site(link: str) -> str:
    """The same page at SITE_URL, whatever host stands in ``link``."""
    parts = urlsplit(link)
    return settings.SITE_URL + urlunsplit(("", "", parts.path, parts.query, parts.fragment))
