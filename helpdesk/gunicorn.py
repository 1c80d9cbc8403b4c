"""How gunicorn runs the product. Each worker loads the engine before its first request."""

from __future__ import annotations

import logging
from typing import Any

threads = 4
worker_class = "gthread"
timeout = 60
graceful_timeout = 10
keepalive = 5
loglevel = "warning"
control_socket_disable = True

logger = logging.getLogger(__name__)


def post_worker_init(worker: Any) -> None:
    from django.db import DatabaseError, connections

    from triage.runtime import EngineUnavailable, runtime

    try:
        runtime.warm()
    except (DatabaseError, EngineUnavailable) as error:
        logger.error("Triage is not ready, tickets will be handed to people: %s", error)
    finally:
        connections.close_all()
