"""A ticket's clock: started, stopped and paused by its Events; warnings and breaches are Events in turn.

An automatic answer starts and stops nothing: only a person's reply ends the wait for one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from tickets.audit import Event, EventKind, register_kinds
from tickets.background import jobs
from tickets.models import Status, Ticket
from tickets.service.models import Awaited, Clock, Told
from tickets.service.targets import Promised, forget, promised

SET_ANEW: Final = "service_anew"
DUE_SOON, OVERDUE = "due_soon", "overdue"
register_kinds({DUE_SOON: "Due soon", OVERDUE: "Overdue"})

#: Share of the promised time after which a ticket is due soon.
WARN_AFTER: Final = 0.75
BATCH: Final = 100
STILL: Final = timedelta(0)

#: Events after which the clock is looked at anew.
FOLLOWED: Final = (
    EventKind.ESCALATED, EventKind.PERSON_REQUESTED, EventKind.ASSIGNED, EventKind.REPLIED,
    EventKind.RESOLVED, EventKind.REOPENED, EventKind.CLOSED, EventKind.QUARANTINED, EventKind.RELEASED,
    EventKind.PRIORITISED, EventKind.MERGED, EventKind.TOOK_IN, EventKind.UNMERGED,
)  # fmt: skip


def follow(event: Event) -> None:
    """A subscriber: set the clock of the Event's ticket by where the ticket stands now."""
    ticket = event.ticket
    # A ticket that was open until now has none yet, and none becomes open again.
    clock = None if event.before == Status.OPEN else Clock.objects.filter(pk=ticket.pk).first()
    if clock is None:
        if not _with_team(ticket):
            return
        clock = Clock()
    clock.ticket = ticket  # which so knows its clock, for the mails that tell of it
    _turn(clock, ticket, event.at)
    _set_due(clock, promised(ticket.urgency))
    clock.save(force_insert=clock._state.adding)


def _with_team(ticket: Ticket) -> bool:
    return ticket.state is Status.ESCALATED and not ticket.is_quarantined


def _turn(clock: Clock, ticket: Ticket, now: datetime) -> None:
    """Start what the team owes now, end what it has done, pause what waits."""
    if _with_team(ticket):
        if clock.reply_since is None:
            answered = ticket.first_human_reply_at is not None
            clock.reply_kind = Awaited.NEXT_REPLY if answered else Awaited.FIRST_REPLY
            clock.reply_since, clock.reply_told = now, Told.NOTHING
        if clock.resolution_since is None:
            clock.resolution_since = now
        return
    if not ticket.is_quarantined:  # who is put aside waits on: released, it has waited all the while
        clock.reply_since, clock.reply_kind = None, ""
    if clock.resolution_since is not None:
        known = promised(ticket.urgency)
        if known is not None:
            clock.resolution_used += known.hours.between(clock.resolution_since, now)
        clock.resolution_since = None


def _set_due(clock: Clock, known: Promised | None) -> None:
    """Due times and the next moment to look, from what runs and what is promised."""
    reply = _due(known, clock.reply_kind, clock.reply_since) if clock.resolution_since else (None, None)
    resolution = _due(known, Awaited.RESOLUTION, clock.resolution_since, clock.resolution_used)
    for name, (_, due) in (("reply", reply), ("resolution", resolution)):
        before: datetime | None = getattr(clock, f"{name}_due")
        if due is not None and before is not None and due > before:  # promised anew: told anew
            setattr(clock, f"{name}_told", Told.NOTHING)
    clock.reply_due, clock.resolution_due = reply[1], resolution[1]
    clock.due_at = min((due for due in (reply[1], resolution[1]) if due), default=None)
    looks = [*_looks(clock.reply_told, *reply), *_looks(clock.resolution_told, *resolution)]
    clock.look_at = min(looks, default=None)


def _due(
    known: Promised | None, awaited: str, since: datetime | None, used: timedelta = STILL
) -> tuple[datetime | None, datetime | None]:
    """(moment to warn, moment due) of what was begun at ``since``; None where nothing is promised or it stands."""
    amount = known.amount(awaited) if known is not None else None
    if known is None or amount is None or since is None:
        return None, None
    return known.hours.add(since, amount * WARN_AFTER - used), known.hours.add(since, amount - used)


def _looks(told: int, warn: datetime | None, due: datetime | None) -> list[datetime]:
    moments = {Told.NOTHING: warn, Told.SOON: due}
    moment = moments.get(Told(told))
    return [moment] if moment is not None else []


# --- what time alone brings --------------------------------------------------------------------------------


def tell_due() -> int:
    """The worker's beat: write the Events of what is soon due or overdue; returns how many."""
    now = timezone.now()
    told = 0
    for pk in list(Clock.objects.to_tell(now).values_list("pk", flat=True)[:BATCH]):
        told += _tell(pk, now)
    return told


@transaction.atomic
def _tell(ticket_id: int, now: datetime) -> int:
    """Under the ticket's lock, so that a reply sent in this moment is seen."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    clock = Clock.objects.to_tell(now).filter(pk=ticket_id).first()
    if clock is None:
        return 0
    told = 0
    known = promised(ticket.urgency)
    for name, awaited in (("reply", clock.reply_kind), ("resolution", Awaited.RESOLUTION.value)):
        used = clock.resolution_used if name == "resolution" else STILL
        warn, due = _due(known, awaited, getattr(clock, f"{name}_since"), used)
        state = Told.OVERDUE if due and due <= now else Told.SOON if warn and warn <= now else Told.NOTHING
        if state > getattr(clock, f"{name}_told"):
            setattr(clock, f"{name}_told", state)
            _write(ticket, OVERDUE if state is Told.OVERDUE else DUE_SOON, awaited, due)
            told += 1
    _set_due(clock, known)
    clock.save()
    return told


def _write(ticket: Ticket, kind: str, awaited: str, due: datetime | None) -> None:
    facts = {"awaited": awaited, "due": due.isoformat() if due else None, "assignee": ticket.assignee_id}
    Event(ticket=ticket, kind=kind, before=ticket.status, after=ticket.status, facts=facts).save()


def plan_anew() -> None:
    """One job at the next full ten seconds: several changes in a row are one."""
    seconds = int(timezone.now().timestamp()) // 10 * 10 + 10
    at = datetime.fromtimestamp(seconds, UTC)
    jobs.enqueue(SET_ANEW, 0, key=str(seconds), run_at=at)


def set_all_anew(subject_id: int) -> None:
    """The job. What was remembered of targets may be a minute old in this process: it is read again."""
    forget()
    set_anew()


def set_anew() -> int:
    """After a change of calendars or targets: due times of all that runs; returns how many tickets."""
    done, last = 0, 0
    while True:
        with transaction.atomic():
            skip = connection.features.has_select_for_update_of
            rows = Clock.objects.select_for_update(of=("self",) if skip else ()).select_related("ticket")
            running = rows.filter(resolution_since__isnull=False, pk__gt=last).order_by("pk")
            clocks = list(running[:BATCH])
            for clock in clocks:
                _set_due(clock, promised(clock.ticket.urgency))
            fields = ["due_at", "look_at", "reply_due", "reply_told", "resolution_due", "resolution_told"]
            Clock.objects.bulk_update(clocks, fields)
        if not clocks:
            return done
        done, last = done + len(clocks), clocks[-1].pk
