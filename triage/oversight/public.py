"""What anybody may know of our automation: a page in plain words, where the house wants one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from triage.models import Guard
from triage.oversight import switch
from triage.oversight.evidence import Audit
from triage.oversight.precision import precision

DAYS: Final = 90
KEPT_SECONDS: Final = 300
PERSON: Final = "person"  # the topic of those who ask for one: it is told apart on the page


def trust(request: HttpRequest) -> HttpResponse:
    if not settings.TRUST_PAGE:
        raise Http404("There is no such page here.")
    return render(request, "trust.html", cache.get_or_set("trust", _known, KEPT_SECONDS) or {})


def _known() -> dict[str, Any]:
    found = precision(DAYS)
    topics = (
        Guard.objects.filter(is_active=True)
        .exclude(topic=PERSON)
        .order_by("topic")
        .values_list("topic", flat=True)
    )
    begun: datetime | None = Audit.objects.filter(part=Audit.Part.ANSWERED).aggregate(first=Min("at"))[
        "first"
    ]
    house = found.house
    return {
        "days": DAYS,
        "answered": house.total,
        "incoming": found.incoming,
        "reviewed": house.seen,
        "right": None if house.right is None else round(100 * house.right),
        "right_low": None if house.high is None else round(100 * (1 - house.high)),
        "right_high": None if house.low is None else round(100 * (1 - house.low)),
        "since": begun,
        "never": [topic.replace("_", " ") for topic in dict.fromkeys(topics)],
        "stopped": switch.is_stopped(),
    }
