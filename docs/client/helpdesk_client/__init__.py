"""A small typed client of the helpdesk's API."""

from helpdesk_client.calls import Decision, Helpdesk, Problem, Ticket, Webhook
from helpdesk_client.events import Event, Feed, Gap, missed, read_webhook

__all__ = [
    "Decision",
    "Event",
    "Feed",
    "Gap",
    "Helpdesk",
    "Problem",
    "Ticket",
    "Webhook",
    "missed",
    "read_webhook",
]
