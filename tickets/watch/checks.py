"""The checks of the ticket domain: work, mail, disk, clock, broker, cache and trail."""

from __future__ import annotations

import shutil
import socket
import time
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from tickets.audit import Event
from tickets.background.jobs import KINDS, Job
from tickets.background.lanes import LANES, MAIL
from tickets.mail.outbox import OutgoingMail
from tickets.watch import heart
from tickets.watch.findings import Finding, Level, graded, in_words, register
from tickets.watch.maintenance import state as closed_for_maintenance
from tickets.watch.models import Beat

#: Seconds that a job may wait beyond its time. A worker looks every second.
JOB_WARNING: Final = 120.0
JOB_ALARM: Final = 600.0
#: Seconds that a mail may lie in the outbox. A busy mail server takes one back for minutes (greylisting).
MAIL_WARNING: Final = 1800.0
MAIL_ALARM: Final = 7200.0
LOOKED_BACK: Final = timedelta(days=1)
#: Bytes and share of the disk that are left.
DISK_WARNING: Final = (2 * 1024**3, 0.05)
DISK_ALARM: Final = (200 * 1024**2, 0.01)
#: Seconds between two clocks. Leases are by the database's; links, tokens and times shown are by each machine's.
CLOCK_WARNING: Final = 10.0
CLOCK_ALARM: Final = 60.0
TRAIL_WARNING: Final = 60.0
TRAIL_ALARM: Final = 900.0
WAIT: Final = 1.0  # seconds for the broker to let us in

END_MAINTENANCE = "Open it, on each machine: manage.py maintenance off."
START_WORKER = "Start a worker: manage.py work (manage.py serve starts one itself)."


def age(moment: object) -> float:
    """Seconds since a moment; 0 for none, or one to come."""
    return max(0.0, (timezone.now() - moment).total_seconds()) if moment else 0.0  # type: ignore[operator]


def worker() -> Finding:
    """Somebody does each kind of work, and nobody is stuck."""
    now = timezone.now()
    missing = set(LANES) - set(Beat.objects.all().alive(now).values_list("lane", flat=True))
    if missing:
        silent = Beat.objects.all().silent(now).order_by("-seen_at").first()
        heard = f"; last heard of {in_words(age(silent.seen_at))} ago" if silent else ""
        return Finding("worker", Level.ALARM, f"No worker is alive{heard}.", START_WORKER)
    stuck = Beat.objects.all().stuck(now).order_by("moved_at").first()
    if stuck is not None:
        words = f"{stuck.name} has been in {stuck.doing} for {in_words(age(stuck.moved_at))}."
        return Finding("worker", Level.ALARM, words, "Restart that worker; its job is then taken over.")
    silent_ones = Beat.objects.all().silent(now).count()
    if silent_ones:
        words = f"{silent_ones} lanes of workers ended without saying so; others do their work."
        return Finding("worker", Level.WARNING, words, "Look at their logs: they were killed or are stuck.")
    return Finding("worker", Level.OK, "Workers are alive.")


def work() -> Finding:
    """What is due is done soon."""
    now = timezone.now()
    due = Job.objects.exclude(kind__in=kinds_of_mail()).filter(
        finished_at=None, failed_at=None, run_at__lte=now
    )
    oldest = due.order_by("run_at").values_list("run_at", flat=True).first()
    waited = age(oldest)
    level = graded(waited, JOB_WARNING, JOB_ALARM)
    if level:
        words = f"The oldest job has been due for {in_words(waited)}."
        return Finding(
            "work", level, words, f"{START_WORKER} If there is one, there is too much for it: start another."
        )
    lost = Job.objects.exclude(kind__in=kinds_of_mail()).filter(failed_at__gt=now - LOOKED_BACK).count()
    if lost:
        advice = "See Background work in the admin, mend the cause, and run them again."
        return Finding("work", Level.WARNING, f"{lost} jobs were given up since yesterday.", advice)
    return Finding("work", Level.OK, "Nothing waits beyond its time.")


def kinds_of_mail() -> list[str]:
    return [kind.name for kind in KINDS.values() if kind.lane == MAIL]


def mail() -> Finding:
    """Mail leaves within minutes, and what was refused for good is seen by somebody."""
    given_up = Job.objects.filter(kind__in=kinds_of_mail(), failed_at__isnull=False)
    waiting = OutgoingMail.objects.exclude(pk__in=given_up.values("subject_id"))
    oldest = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    level = graded(age(oldest), MAIL_WARNING, MAIL_ALARM)
    if level:
        job = Job.objects.filter(kind__in=kinds_of_mail()).exclude(last_error="").order_by("-run_at").first()
        why = f" The last failure: {job.last_error}." if job else ""
        words = f"The oldest mail has waited for {in_words(age(oldest))}.{why}"
        return Finding(
            "mail", level, words, "Check EMAIL_URL and the mail server; mail is tried for five days."
        )
    refused = given_up.filter(failed_at__gt=timezone.now() - LOOKED_BACK).count()
    if refused:
        advice = "See Background work in the admin for the codes they were refused with."
        return Finding(
            "mail", Level.WARNING, f"{refused} mails were refused for good since yesterday.", advice
        )
    return Finding("mail", Level.OK, "Mail leaves as it should.")


def disk() -> Finding:
    """There is room for files, models and, with SQLite, the database."""
    room = shutil.disk_usage(settings.VAR_DIR)
    level = Level.OK
    for (least, share), found in ((DISK_WARNING, Level.WARNING), (DISK_ALARM, Level.ALARM)):
        if room.free < least and room.free < room.total * max(share, 0.05):
            level = found
    words = f"{room.free / 1024**3:.1f} GB of {room.total / 1024**3:.0f} GB are free."
    return Finding("disk", level, words, "Make room where VAR_DIR lies." if level else "")


def clock() -> Finding:
    """All machines agree on what time it is."""
    ahead = [abs(heart.seconds_ahead())]
    ahead += [abs(one) for one in Beat.objects.values_list("clock_ahead", flat=True)]
    off = max(ahead)
    level = graded(off, CLOCK_WARNING, CLOCK_ALARM)
    words = f"Clocks are {off:.0f} s apart." if level else "Clocks agree."
    return Finding("clock", level, words, "Set the clocks by NTP on every machine." if level else "")


def broker() -> Finding:
    """Where a broker is set it lets us in. Without it work is slower, not lost."""
    if not settings.CELERY_BROKER_URL:
        return Finding("broker", Level.OK, "No broker is set; work runs in process.")
    at = urlsplit(settings.CELERY_BROKER_URL)
    try:
        with socket.create_connection((at.hostname or "127.0.0.1", at.port or 6379), timeout=WAIT):
            return Finding("broker", Level.OK, "The broker answers.")
    except OSError:
        words = "The broker does not answer; the worker does its work more slowly."
        return Finding("broker", Level.WARNING, words, "Start it, or check CELERY_BROKER_URL.")


def common_cache() -> Finding:
    if not settings.REDIS_URL:
        return Finding("cache", Level.OK, "No common cache is set; each process has its own.")
    mark = f"watch:{time.time_ns()}"
    cache.set(mark, 1, 5)
    if getattr(cache, "is_away", lambda: False)():
        words = "Redis does not answer: each process caches and counts for itself."
        return Finding("cache", Level.WARNING, words, "Start it, or check REDIS_URL.")
    return Finding("cache", Level.OK, "The common cache answers.")


def trail() -> Finding:
    """What happened is sealed soon after."""
    oldest = Event.objects.filter(position=None).order_by("id").values_list("at", flat=True).first()
    level = graded(age(oldest), TRAIL_WARNING, TRAIL_ALARM)
    words = f"The oldest unsealed Event is {in_words(age(oldest))} old." if level else "The trail is sealed."
    return Finding("trail", level, words, START_WORKER if level else "")


def maintenance() -> Finding:
    """Nobody forgets that the house is closed."""
    now = closed_for_maintenance()
    if now is None:
        return Finding("maintenance", Level.OK, "The house is open.")
    whom = "all but staff" if now.desk_open else "everybody"
    words = f"The house is closed to {whom}" + (f" for {in_words(age(now.since))}." if now.since else ".")
    late = now.until is not None and now.announced is None
    if late:
        words += f" It was to open {in_words(age(now.until))} ago."
    return Finding("maintenance", Level.ALARM if late else Level.WARNING, words, END_MAINTENANCE)


for _check in (maintenance, worker, work, mail, disk, clock, broker, trail):
    register(_check.__name__, _check)
register("cache", common_cache)
