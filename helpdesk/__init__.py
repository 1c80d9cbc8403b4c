"""Settings, addresses and the process entry points of the helpdesk."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
