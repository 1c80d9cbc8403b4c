"""How django-allauth behaves here: plain-text mail through the outbox, in the company's name."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.shortcuts import resolve_url


class AccountAdapter(DefaultAccountAdapter):
    """Mail templates may name the company and its address whether or not a request is at hand."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not belong together.",
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, then try again.",
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Who works here starts at the desk; asked for only where no page was wanted before."""
        start = "admin:index" if getattr(request.user, "is_agent", False) else settings.LOGIN_REDIRECT_URL
        return resolve_url(start)

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
