"""What anybody may know of our automation: a page in plain words, where the house wants one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from triage.models import Guard
from triage.oversight import switch
from triage.oversight.evidence import Audit
from triage.oversight.precision import precision

DAYS: Final = 90
KEPT_SECONDS: Final = 300
PERSON: Final = "person"  # the topic of those who ask for one: it is told apart on the page
#: What the topics of the never-automate rules are called in public; one that a house has added is told by its name.
TOPICS: Final = {
    "data_protection": _("data protection"),
    "death": _("a death"),
    "fraud": _("fraud"),
    "illness": _("illness"),
    "legal": _("legal matters"),
    "minor": _("children"),
    "press": _("press enquiries"),
    "safety": _("safety"),
    "security": _("security"),
    "self_harm": _("self-harm"),
    "threat": _("threats"),
}


@require_safe
def trust(request: HttpRequest) -> HttpResponse:
    if not settings.TRUST_PAGE:
        raise Http404("There is no such page here.")
    known = cache.get_or_set("trust", _known, KEPT_SECONDS) or {}
    never = [TOPICS.get(topic, topic.replace("_", " ")) for topic in known.get("never", ())]
    return render(request, "trust.html", {**known, "never": never})


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
        "never": list(dict.fromkeys(topics)),
        "stopped": switch.is_stopped(),
    }
