"""Seeded faults: a checker that does not find each of them proves nothing. Every one is rolled back again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import models, transaction

from tests.chaos.checker import Record, check
from tickets.models import Event, Job, Message, Status, Ticket
from tickets.references import new_reference
from triage.models import Decision
from triage.oversight import trail

Sabotage = Callable[[Record], Record | None]


@dataclass(frozen=True)
class Control:
    name: str
    kind: str  # of the fault that must be found
    sabotage: Sabotage


def rows(model: type[models.Model]) -> Any:
    """Past the managers that refuse."""
    return models.QuerySet(model).order_by("pk")


def again(row: models.Model, **facts: Any) -> None:
    """The row a second time."""
    row.pk = None
    row._state.adding = True
    for name, value in facts.items():
        setattr(row, name, value)
    models.Model.save_base(row, force_insert=True, raw=True)


def remove_ticket(record: Record) -> None:
    pk = rows(Ticket).first().pk
    for model in (Decision, Event, Message):
        rows(model).filter(ticket=pk)._raw_delete("default")
    Ticket.service_clock.related.related_model._base_manager.filter(ticket=pk)._raw_delete("default")
    rows(Ticket).filter(pk=pk)._raw_delete("default")


def hand_to_another(record: Record) -> None:
    rows(Ticket).filter(pk=rows(Ticket).first().pk).update(requester_email="somebody@example.com")


def double_ticket(record: Record) -> None:
    again(rows(Ticket).first(), reference=new_reference(), external_id=None)


def take_its_words(record: Record) -> None:
    rows(Message).filter(sender=Message.Sender.REQUESTER)[:1].get().delete()


def double_words(record: Record) -> None:
    again(rows(Message).filter(sender=Message.Sender.REQUESTER).first())


def double_decision(record: Record) -> None:
    again(rows(Decision).first(), run=2)


def remove_decision(record: Record) -> None:
    rows(Decision).filter(pk=rows(Decision).first().pk)._raw_delete("default")


def answer_twice(record: Record) -> None:
    again(rows(Message).filter(sender=Message.Sender.MACHINE).first())


def leave_open(record: Record) -> None:
    rows(Ticket).filter(pk=rows(Ticket).first().pk).update(status=Status.OPEN)


def remove_event(record: Record) -> None:
    """With its place given to the others, so that it is not the trail alone that tells."""
    gone = rows(Event).filter(kind__in=["auto_resolved", "escalated"]).last()
    rows(Event).filter(pk=gone.pk)._raw_delete("default")


def double_event(record: Record) -> None:
    again(rows(Event).filter(kind="created").first(), position=None, seal="")


def edit_event(record: Record) -> None:
    rows(Event).filter(pk=rows(Event).first().pk).update(facts={"channel": "none"})


def forget_job(record: Record) -> None:
    rows(Job).filter(pk=rows(Job).first().pk).update(finished_at=None)


def told_twice(record: Record) -> Record:
    address, names = next(iter(record.mails.items()))
    return replace(record, mails={**record.mails, address: [*names, "<another@example.com>"]})


def never_told(record: Record) -> Record:
    return replace(record, mails=dict(list(record.mails.items())[1:]))


CONTROLS: tuple[Control, ...] = (
    Control("a ticket is removed", "lost", remove_ticket),
    Control("a ticket is somebody else's", "lost", hand_to_another),
    Control("a ticket is made twice", "twice", double_ticket),
    Control("a ticket has no words", "half", take_its_words),
    Control("its words stand twice", "half", double_words),
    Control("a decision is made twice", "decisions", double_decision),
    Control("a decision is missing", "decisions", remove_decision),
    Control("the answer is given twice", "outcome", answer_twice),
    Control("a ticket is left open", "outcome", leave_open),
    Control("an Event is missing", "events", remove_event),
    Control("an Event is written twice", "events", double_event),
    Control("an Event is changed", "trail", edit_event),
    Control("a job is left", "work", forget_job),
    Control("a second, different notice", "notices", told_twice),
    Control("a notice never came", "notices", never_told),
)


def finds(control: Control, record: Record) -> bool:
    """Whether the checker sees it. Nothing of it stays."""
    with transaction.atomic():
        trail.unprotect()
        try:
            record = control.sabotage(record) or record
            return control.kind in {fault.kind for fault in check(record)}
        finally:
            transaction.set_rollback(True)


def missed(record: Record) -> list[str]:
    return [control.name for control in CONTROLS if not finds(control, record)]
