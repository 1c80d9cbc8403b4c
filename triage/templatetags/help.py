"""What the help centre's templates need."""

from __future__ import annotations

from typing import Final

from django import template
from django.conf import settings
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tickets.words import markup
from triage.answers import language_tags

register = template.Library()


@register.filter
def answer_text(text: str) -> SafeString:
    """An approved text as HTML."""
    return markup.as_html(text, own_site=settings.SITE_URL)


@register.simple_tag
def lang_of(language: str) -> SafeString | str:
    """The attributes that say so, where a text is in another language than the page, and runs the other way."""
    page = language_tags.base(translation.get_language() or "")
    if language_tags.base(language) == page:
        return ""
    way = "" if _from_right(language) == translation.get_language_bidi() else _WAY[_from_right(language)]
    return format_html(' lang="{}"{}', language, way)


_WAY: Final = {True: mark_safe(' dir="rtl"'), False: mark_safe(' dir="ltr"')}


def _from_right(language: str) -> bool:
    return language_tags.base(language) in settings.LANGUAGES_BIDI
