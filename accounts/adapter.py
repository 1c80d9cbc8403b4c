"""How django-allauth behaves here: plain-text mail through the outbox, names kept at sign-up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """E-mail is the only name a person has; nothing else to tell the library."""
