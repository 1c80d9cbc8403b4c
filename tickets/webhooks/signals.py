"""What webhooks add to the worker's rounds."""

from __future__ import annotations

from tickets.background import jobs
from tickets.background.lanes import WEBHOOKS
from tickets.watch.findings import Finding, Level, register
from tickets.webhooks import delivering
from tickets.webhooks.models import Endpoint

jobs.register(delivering.KIND, delivering.deliver, lane=WEBHOOKS)
jobs.register_beat(delivering.fan_out)
jobs.register_beat(delivering.send_off)
jobs.register_sweep(delivering.forget_old)


def webhooks() -> Finding:
    """Every endpoint that should be told can be."""
    lost = Endpoint.objects.filter(why_off__in=[Endpoint.Why.GONE, Endpoint.Why.FAILING]).first()
    if lost is None:
        return Finding("webhooks", Level.OK, "No webhook was switched off for its failures.")
    words = f"The webhook “{lost.name}” is off: {lost.get_why_off_display().lower()}."
    return Finding("webhooks", Level.WARNING, words, "Mend its address, then switch it on under Webhooks.")


register("webhooks", webhooks)
