"""The one Celery task: do the job with this id."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from kombu.exceptions import OperationalError

from tickets.background import jobs

logger = logging.getLogger(__name__)


@shared_task(name="tickets.tasks.run_job", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(job_id: int) -> None:
    jobs.run_one(job_id)


class Broker:
    """Hands job ids to the broker; one that has just failed is left alone for a while, lest each request wait."""

    REST = 10.0  # seconds

    def __init__(self) -> None:
        self._tried_again_at = 0.0

    def send(self, job_id: int) -> bool:
        """Hand over the id; False if the job's row has to wait for the worker instead."""
        if time.monotonic() < self._tried_again_at:
            return False
        try:
            run_job.apply_async(args=[job_id], retry=False)
        except (OperationalError, OSError) as error:
            self._tried_again_at = time.monotonic() + self.REST
            logger.warning("Broker not reached for job %s (%s); the worker will pick it up", job_id, error)
            return False
        return True


broker = Broker()
