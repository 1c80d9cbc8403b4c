"""How gunicorn runs the product. Each worker loads the engine before its first request."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any

from helpdesk.serving.worker import close_door_before_stopping
from triage.core.artefact import skops_io

os.environ["HELPDESK_PROCESS"] = "web"  # the settings bound what a request waits for
skops_io()  # first of all, and once for all workers: it goes through every module that is loaded before it

preload_app = True  # the libraries are loaded once and shared, which halves time to start and memory
threads = 4
worker_class = "helpdesk.serving.worker.Worker"
timeout = 60
graceful_timeout = 10
keepalive = 5
loglevel = "error"
control_socket_disable = True

logger = logging.getLogger(__name__)


def on_starting(server: Any) -> None:
    """Under ``manage.py serve``, end with it: killed outright, it cannot end anything itself."""
    served_by = os.environ.get("SERVED_BY", "")
    if served_by:
        threading.Thread(target=end_with, args=(int(served_by),), daemon=True).start()


def when_ready(server: Any) -> None:
    close_door_before_stopping(server)


def end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def post_worker_init(worker: Any) -> None:
    from django.db import DatabaseError, connections

    from triage.running.runtime import EngineUnavailable, runtime

    try:
        runtime.warm()
    except (DatabaseError, EngineUnavailable) as error:
        logger.error("Triage is not ready, tickets will be handed to people: %s", error)
    finally:
        connections.close_all()
