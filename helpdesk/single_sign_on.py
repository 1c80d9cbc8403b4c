"""Single sign-on as the settings say it: which provider, and which of its groups give which role."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from helpdesk import env


def openid_connect() -> dict[str, Any]:
    """django-allauth's setting for the provider of single sign-on that OIDC_ISSUER names; empty where none does."""
    name = env.text("OIDC_NAME", "Single sign-on")
    client, secret = env.text("OIDC_CLIENT_ID", ""), env.text("OIDC_CLIENT_SECRET", "")
    if not env.text("OIDC_ISSUER", ""):
        return {}
    issuer = env.web_address("OIDC_ISSUER", "")
    if not client or not secret:
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too.")
    app = {
        "provider_id": "sso", "name": name, "client_id": client, "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }  # fmt: skip
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}


def role_groups() -> dict[str, list[str]]:
    """Role → the groups at the provider that give it; empty where no setting names any. One group gives one role."""
    named = {
        "agent": env.words("SSO_AGENT_GROUPS", ""),
        "auditor": env.words("SSO_AUDITOR_GROUPS", ""),
        "supervisor": env.words("SSO_SUPERVISOR_GROUPS", ""),
        "admin": env.words("SSO_ADMINISTRATOR_GROUPS", ""),
    }
    givers: dict[str, str] = {}
    for role, groups in named.items():
        for group in groups:
            if givers.setdefault(group, role) != role:
                raise ImproperlyConfigured(f"The group {group!r} is named for two roles of single sign-on.")
    return {role: groups for role, groups in named.items() if groups}
