"""The Celery application, used only where CELERY_BROKER_URL is set."""

import os
import sys

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

if "celery" in sys.argv[0] and "worker" in sys.argv:
    os.environ["HELPDESK_PROCESS"] = "work"  # the settings bound what a worker waits for

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
