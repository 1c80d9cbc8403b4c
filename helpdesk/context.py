"""What every template may know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from tickets.service import due


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "company": settings.COMPANY_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "demo": settings.DEMO,
        "attachment_max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "attachments_per_message": settings.ATTACHMENTS_PER_MESSAGE,
        "response_target_hours": due.usual_hours,
        "opening_words": lambda: due.opening_words((get_language() or "en")[:2]),
    }
