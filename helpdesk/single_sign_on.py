"""Single sign-on as the settings say it: which provider, and which of its groups give which role."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from helpdesk import env

PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


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


#: Attributes that say a name and an address, by the words of common providers.
NAMES: Final = (
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "displayName",
    "name",
)
ADDRESSES: Final = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "email",
    "mail",
)
SUBJECT: Final = "urn:oasis:names:tc:SAML:attribute:subject-id"


def saml() -> dict[str, Any]:
    """django-allauth's setting for the SAML provider that SAML_IDP_ENTITY_ID names; empty where none does."""
    entity, name = env.text("SAML_IDP_ENTITY_ID", ""), env.text("SAML_NAME", "Single sign-on")
    domains, file = env.words("SAML_EMAIL_DOMAINS", ""), env.optional_path("SAML_IDP_CERTIFICATE")
    address = env.text("SAML_IDP_SSO_URL", "")
    if not entity:
        return {}
    if not address.startswith(("https://", "http://")) or not domains or not file:
        raise ImproperlyConfigured(
            "SAML_IDP_ENTITY_ID needs SAML_IDP_SSO_URL, SAML_IDP_CERTIFICATE and SAML_EMAIL_DOMAINS too."
        )
    if find_spec("onelogin") is None:
        raise ImproperlyConfigured("SAML needs its packages: pip install -r requirements-sso.txt")
    mapping = {"uid": [SUBJECT], "email": [*ADDRESSES], "name": [*NAMES]}
    idp = {"entity_id": entity, "sso_url": address, "certificates": certificates(file)}
    app = {
        "provider_id": "saml", "name": name, "client_id": "saml", "secret": "",
        "settings": {"idp": idp, "attribute_mapping": mapping, "verified_email": domains},
    }  # fmt: skip
    return {"saml": {"APPS": [app]}}


def certificates(file: Path) -> list[str]:
    """Each certificate of a PEM file: a provider that changes its key has two for a while."""
    try:
        found = PEM.findall(file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        found = []
    if not found:
        raise ImproperlyConfigured(f"SAML_IDP_CERTIFICATE: there is no certificate in {file}.")
    return ["".join(one.split()) for one in found]


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
