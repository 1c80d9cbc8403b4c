"""What the help centre's templates need."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tickets.words import markup
from triage.answers import language_tags

register = template.Library()


@register.filter
def answer_text(text: str) -> SafeString:
    """An approved text as HTML."""
    return markup.as_html(text, own_site=settings.SITE_URL)


@register.simple_tag
def lang_of(language: str) -> SafeString | str:
    """The attribute that says so, where a text is in another language than the page."""
    page = language_tags.base(translation.get_language() or "")
    return "" if language_tags.base(language) == page else format_html(' lang="{}"', language)
