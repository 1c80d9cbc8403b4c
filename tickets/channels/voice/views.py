"""How far a recording is that was not sent yet, for the page that waits for its text."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tickets.channels.voice.models import Recording
from tickets.channels.voice.wording import why_not
from tickets.intake import uploads
from tickets.web.files import holder


@require_safe
@never_cache
def recording(request: HttpRequest, token: uuid.UUID) -> JsonResponse:
    """To whoever uploaded it in this browser, until it is sent."""
    waiting = uploads.waiting(holder(request), [str(token)])
    found = Recording.objects.filter(attachment__in=waiting).first()
    if found is None:
        raise Http404("No such recording.")
    return JsonResponse(
        {
            "state": found.state,
            "heard": found.heard,
            "duration": found.duration,
            "language": found.language,
            "text": found.text,
            "lines": found.lines,
            "why": why_not(found),
        }
    )
