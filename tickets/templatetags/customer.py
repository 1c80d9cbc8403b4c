"""What customers' templates need: names of states and buttons, and what people wrote as HTML."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.utils.safestring import SafeString

from tickets.models import Message
from tickets.words import markup, names

register = template.Library()
register.filter("status_name", names.status)
register.simple_tag(names.action, name="action")

register.filter("plain", markup.as_text)
register.filter("quoted", markup.quoted)

LONG_CHARS = 1500


@register.filter
def written(message: Message) -> SafeString:
    """A message as HTML. Only our own may use lists and bold; a requester's text stays as it was written."""
    ours = message.sender != Message.Sender.REQUESTER
    return markup.as_html(message.body, lists=ours, own_site=settings.SITE_URL)


@register.filter
def is_long(message: Message) -> bool:
    """Whether the page shows its beginning only, until it is asked for the rest."""
    return len(message.body) > LONG_CHARS or message.body.count("\n") > LONG_CHARS // 50
