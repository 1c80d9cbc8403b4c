"""The provider that hands mail over and says what became of ours, by webhooks that prove themselves."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

#: Those that hand a mail over whole, so that no request of ours waits for another server; provider → the setting of
#: django-anymail that holds its secret. Where it is empty they sign nothing, and name user and password instead.
PROVIDERS: Final = {
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailjet": "",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "postmark": "",
    "sendgrid": "",
    "sparkpost": "",
}
LEAST_SECRET: Final = 20  # characters


def anymail(provider: str, secret: str, site_url: str) -> dict[str, Any]:
    """The settings of django-anymail. Without a secret that only the provider knows, anybody could write mail here."""
    if not provider:
        return {}
    own = PROVIDERS[provider]
    if len(secret) < LEAST_SECRET or not (own or ":" in secret.strip(":")):
        wanted = "the key that it signs with" if own else "“user:password” of your own choice"
        raise ImproperlyConfigured(
            f"MAIL_PROVIDER={provider} needs MAIL_PROVIDER_SECRET: {wanted}, at least {LEAST_SECRET} characters."
        )
    known = {own or "WEBHOOK_SECRET": secret}
    if provider == "mandrill":
        known["MANDRILL_WEBHOOK_URL"] = f"{site_url}/mail/mandrill/inbound/"
    return known
