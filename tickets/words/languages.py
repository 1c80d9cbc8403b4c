"""Which language a customer reads: on a page, and in a mail about a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

if TYPE_CHECKING:
    from tickets.models import Ticket


def supported(tag: str) -> str:
    """Our code of the language that ``tag`` names ("de-CH", "en"), or nothing where we have none for it."""
    base = tag.strip().lower().replace("_", "-").partition("-")[0]
    codes = [code for code, _ in settings.LANGUAGES]
    return next((code for code in codes if base and code.partition("-")[0] == base), "")


def chosen(request: HttpRequest) -> str:
    """What the person chose: by the account, else by the switch; nothing where neither says."""
    account = supported(str(getattr(request.user, "language", "") or ""))
    return account or supported(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))


def use_for(request: HttpRequest, ticket: Ticket) -> None:
    """Make the rest of this page in the ticket's language, unless the person chose another."""
    if ticket.language and not chosen(request):
        translation.activate(supported(ticket.language) or settings.LANGUAGE_CODE)


def of_mail(ticket: Ticket) -> str:
    """The language of what we write to the requester about ``ticket``."""
    account = ticket.requester.language if ticket.requester else ""
    return supported(account) or supported(ticket.language) or settings.LANGUAGE_CODE
