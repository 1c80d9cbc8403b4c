"""The one Celery task: do the job with this id."""

from __future__ import annotations

import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from tickets import jobs

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(job_id: int) -> None:
    jobs.run_one(job_id)


def send_to_broker(job_id: int) -> None:
    """Hand the id to the broker. If it is down the job's row waits for the sweeper; nobody else notices."""
    try:
        run_job.apply_async(args=[job_id], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("Broker not reached for job %s (%s); the worker will pick it up", job_id, error)
