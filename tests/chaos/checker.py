"""Looks at what is in the database afterwards: is each ticket there once, decided once, told of once?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.clients import address_of
from tickets.background import sealer
from tickets.models import Event, Job, Message, OutgoingMail, Status, Ticket
from triage.models import Action, Decision

OUTCOMES = {"auto_resolved": Status.AUTO_RESOLVED, "escalated": Status.ESCALATED}


@dataclass(frozen=True)
class Record:
    """What those outside know: what was sent, what was acknowledged (key → reference), which mails an address got."""

    keys: list[str]
    acknowledged: dict[str, str]
    mails: dict[str, list[str]]


@dataclass(frozen=True)
class Fault:
    kind: str
    about: str


Check = Callable[[Record], Iterable[Fault]]


def lost(record: Record) -> Iterator[Fault]:
    """Each ticket that was acknowledged is there, and is the one that was sent."""
    there = dict(Ticket.objects.values_list("reference", "requester_email"))
    for key, reference in record.acknowledged.items():
        if there.get(reference) != address_of(key):
            yield Fault("lost", f"{key} was acknowledged as {reference}")


def twice(record: Record) -> Iterator[Fault]:
    """No key made two tickets, and nothing came in that nobody sent."""
    sent = {address_of(key) for key in record.keys}
    for address, number in Counter(Ticket.objects.values_list("requester_email", flat=True)).items():
        if address not in sent:
            yield Fault("unasked", address)
        elif number > 1:
            yield Fault("twice", f"{address} has {number} tickets")


def half(record: Record) -> Iterator[Fault]:
    """A ticket that is there has its words, once."""
    written = Counter(
        Message.objects.filter(sender=Message.Sender.REQUESTER).values_list("ticket_id", flat=True)
    )
    for pk in Ticket.objects.values_list("pk", flat=True):
        if written[pk] != 1:
            yield Fault("half", f"ticket {pk} has {written[pk]} first messages")


def decisions(record: Record) -> Iterator[Fault]:
    """Exactly one decision each, and what it says was done."""
    made = Counter(Decision.objects.values_list("ticket_id", flat=True))
    answered = dict(Decision.objects.values_list("ticket_id", "action"))
    said = Counter(Message.objects.filter(sender=Message.Sender.MACHINE).values_list("ticket_id", flat=True))
    for pk, status in Ticket.objects.values_list("pk", "status"):
        if made[pk] != 1:
            yield Fault("decisions", f"ticket {pk} has {made[pk]}")
        by_machine = answered.get(pk) == Action.AUTO_RESOLVE
        if (status, said[pk]) != ((Status.AUTO_RESOLVED, 1) if by_machine else (Status.ESCALATED, 0)):
            yield Fault(
                "outcome", f"ticket {pk} is {status} with {said[pk]} answers, decided {answered.get(pk)}"
            )


def events(record: Record) -> Iterator[Fault]:
    """Created once, one outcome, no kind twice; the outcome is where the ticket stands."""
    kinds: dict[int, Counter[str]] = {}
    for pk, kind in Event.objects.values_list("ticket_id", "kind"):
        kinds.setdefault(pk, Counter())[kind] += 1
    for pk, status in Ticket.objects.values_list("pk", "status"):
        told = kinds.get(pk, Counter())
        outcomes = [kind for kind in OUTCOMES if told[kind]]
        if told["created"] != 1 or len(outcomes) != 1 or max(told.values()) > 1:
            yield Fault("events", f"ticket {pk}: {dict(told)}")
        elif OUTCOMES[outcomes[0]] != status:
            yield Fault("events", f"ticket {pk} is {status} after {outcomes[0]}")


def trail(record: Record) -> Iterator[Fault]:
    """Every Event has its place and its seal, and the chain holds."""
    waiting = Event.objects.filter(position=None).count()
    if waiting:
        yield Fault("trail", f"{waiting} Events are not sealed")
    broken = sealer.first_broken_position()
    if broken is not None:
        yield Fault("trail", f"broken at position {broken}")


def notices(record: Record) -> Iterator[Fault]:
    """Each requester was told once. A mail may come twice after a crash, but then under one name."""
    for (address,) in Ticket.objects.values_list("requester_email"):
        names = set(record.mails.get(address, []))
        if len(names) != 1:
            yield Fault("notices", f"{address} got {len(names)} different mails")
    if waiting := OutgoingMail.objects.count():
        yield Fault("notices", f"{waiting} mails wait")


def leftovers(record: Record) -> Iterator[Fault]:
    """No work is left or was given up, and every promise to a customer has its clock."""
    for kind, number in Counter(Job.objects.filter(finished_at=None).values_list("kind", flat=True)).items():
        yield Fault("work", f"{number} jobs of {kind} are not done")
    without = Ticket.objects.filter(status=Status.ESCALATED, service_clock=None).count()
    if without:
        yield Fault("clock", f"{without} tickets of the team have no clock")


CHECKS: tuple[Check, ...] = (lost, twice, half, decisions, events, trail, notices, leftovers)


def check(record: Record) -> list[Fault]:
    return [fault for one in CHECKS for fault in one(record)]
