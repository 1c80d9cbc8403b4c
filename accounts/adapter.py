"""How django-allauth behaves here: plain-text mail through the outbox, in the company's name."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage


class AccountAdapter(DefaultAccountAdapter):
    """Mail templates may name the company and its address whether or not a request is at hand."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and this password do not belong together.",
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, then try again.",
    }

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
