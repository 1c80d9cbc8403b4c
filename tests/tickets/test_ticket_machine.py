"""One ticket through any sequence of what people, the machine and time can do to it, beside a small model of it.

After each step: the ticket stands where the model says, each change has left exactly its Events and each refusal none,
the trail is a chain, and what was promised holds. Short here; `make prove` goes on for longer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import Role, User
from tests.conftest import FakeEngine, person
from tests.tickets.test_ticket_model import LEGAL
from tickets.background import lifecycle
from tickets.desk import snoozing
from tickets.desk.models import Snooze
from tickets.errors import TicketError
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Closure, Handover, Message, Status, Ticket, Urgency
from tickets.requester_steps import CONFIRMABLE, UNDO_TIME
from triage.running import pipeline

LENGTHS = [
    pytest.param(20, 16, id="short"),
    pytest.param(1500, 40, id="long", marks=pytest.mark.prove),
]  # walks and the steps of each

#: What may be written of a ticket that is closed.
AFTER_THE_END = {"feedback", "noted", "undone", "claimed", "woken"}
#: By these a person has taken part; the machine says nothing afterwards.
BY_PEOPLE = {"person_requested", "assigned", "reopened", "resolved", "noted", "quarantined", "undone"}


class TicketMachine(RuleBasedStateMachine):
    """The model: ``status``, ``put_aside`` (quarantine), and who took part. ``ticket`` is a row that is never fresh."""

    people: tuple[User, User, User]

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    @initialize(guest=st.booleans(), wants_person=st.booleans(), program=st.booleans())
    def arrive(self, guest: bool, wants_person: bool, program: bool) -> None:
        self.requester, self.agent, self.colleague = self.people
        sender: dict[str, Any] = (
            {"guest_email": self.requester.email} if guest else {"requester": self.requester}
        )
        self.ticket = submit_ticket(
            Submission(subject="Refund", body="Where is my refund?", human_requested=wants_person,
                       machine_sent=program, **sender)
        )  # fmt: skip
        self.status, self.put_aside = Status.OPEN, False
        self.claimed, self.decided, self.program = not guest, False, program
        self.touched = wants_person  # a person was asked for, or has taken part
        self.wrote: list[str] = ["requester"]
        self.ended_by_requester, self.ended_at_past, self.asleep = False, False, False
        self.assignee: User | None = None
        self.asked_for_person, self.urgency = wants_person, Urgency.NORMAL
        self.known = list(self.events())

    # --- helpers: one step, its end and its Events -------------------------------------------------------

    def events(self) -> list[str]:
        return list(self.ticket.events.order_by("id").values_list("kind", flat=True))

    def fresh(self) -> Ticket:
        return Ticket.objects.get(pk=self.ticket.pk)

    def may(self, step: str) -> bool:
        """By the table of legal moves; what is put aside takes no step but those that say so."""
        return step in LEGAL[self.status] and not self.put_aside

    def done(self, call: Callable[[], object], *kinds: str, to: Status | None = None) -> None:
        """It must succeed, leave these Events and no other, and lead there."""
        before = self.status
        call()
        self.status = self.status if to is None else to
        self.said(*kinds)
        if before is not Status.ESCALATED and self.status is Status.ESCALATED and before is not Status.OPEN:
            self.touched = True  # it was reopened

    def said(self, *kinds: str) -> None:
        now = self.events()
        assert now[len(self.known) :] == list(kinds)
        self.known = now

    def refused(self, call: Callable[[], object]) -> None:
        refusal: TicketError | None = None
        try:
            with transaction.atomic():
                call()
        except TicketError as error:
            refusal = error
        assert refusal is not None, "it had to be refused"
        self.said()

    def step(self, name: str, call: Callable[[], object], *kinds: str) -> bool:
        """A step of the table: done where it is legal, refused where it is not; whether it was done."""
        if self.may(name):
            self.done(call, *kinds, to=LEGAL[self.status][name])
            return True
        self.refused(call)
        return False

    # --- the machine -------------------------------------------------------------------------------------

    @rule()
    def machine_judges(self) -> None:
        """Sure of its answer: it gives it only where nobody took part; else people get the ticket, or have it."""
        ticket = self.fresh()
        decided, self.decided = self.decided, True
        if decided or self.status is not Status.OPEN:
            self.done(lambda: pipeline.triage_ticket(ticket))
        elif self.touched or self.program:
            self.done(lambda: pipeline.triage_ticket(ticket), "escalated", to=Status.ESCALATED)
        else:
            self.done(lambda: pipeline.triage_ticket(ticket), "auto_resolved", to=Status.AUTO_RESOLVED)
            self.wrote.append("machine")

    @rule()
    def machine_insists(self) -> None:
        """The transition itself refuses too, whatever a pipeline believes."""
        free = self.status is Status.OPEN and not (
            self.asked_for_person or self.assignee or self.program or self.fresh().reopen_count
        )
        if free and not self.touched:
            self.done(
                lambda: self.ticket.auto_resolve("Here.", facts={}), "auto_resolved", to=Status.AUTO_RESOLVED
            )
            self.wrote.append("machine")
        elif not free:
            self.refused(lambda: self.ticket.auto_resolve("Here.", facts={}))

    @rule(step=st.sampled_from(Handover))
    def escalate(self, step: Handover) -> None:
        aside = step is Handover.QUARANTINE
        kinds = ("escalated", "quarantined") if aside else ("escalated",)
        if self.step("escalate", lambda: self.ticket.escalate("low_confidence", step=step), *kinds):
            self.put_aside, self.touched = aside, True
            if aside:
                self.assignee, self.asleep = None, False
            if step is Handover.URGENT:
                self.urgency = Urgency.URGENT

    # --- agents ------------------------------------------------------------------------------------------

    @rule(to=st.sampled_from(["agent", "colleague", "nobody", "requester"]))
    def assign(self, to: str) -> None:
        whom = None if to == "nobody" else getattr(self, to)

        def call() -> None:
            self.ticket.assign(whom, actor=self.agent)

        if not self.may("assign") or to == "requester":
            self.refused(call)
        elif whom == self.assignee:
            self.done(call)
        else:
            self.step("assign", call, "assigned")
            self.assignee, self.touched, self.asleep = whom, True, False

    @rule(by_colleague=st.booleans())
    def take(self, by_colleague: bool) -> None:
        """Only from nobody or from oneself."""
        who = self.colleague if by_colleague else self.agent
        if self.assignee not in (None, who):
            self.refused(lambda: self.ticket.assign(who, actor=who, held_by={None, who.pk}))

    @rule()
    def agent_replies(self) -> None:
        if self.step("agent_reply", lambda: self.ticket.reply("Hello", author=self.agent), "replied"):
            self.wrote.append("agent")
            self.assignee, self.touched = self.assignee or self.agent, True

    @rule()
    def note(self) -> None:
        self.done(lambda: self.ticket.note("Known customer.", author=self.agent), "noted")
        self.touched = True

    @rule()
    def resolve(self) -> None:
        if self.step("resolve", lambda: self.ticket.resolve(actor=self.agent), "resolved"):
            self.touched, self.asleep = True, False

    @rule()
    def reopen(self) -> None:
        self.step("reopen", lambda: self.ticket.reopen(actor=self.agent), "reopened")

    @rule()
    def close(self) -> None:
        if self.step("close", lambda: self.ticket.close(Closure.AGENT, actor=self.agent), "closed"):
            self.ended(by_requester=False)

    @rule(urgency=st.sampled_from(Urgency))
    def prioritise(self, urgency: Urgency) -> None:
        def call() -> None:
            self.ticket.prioritise(urgency, actor=self.agent)

        if not self.may("prioritise"):
            self.refused(call)
        elif urgency == self.urgency:
            self.done(call)
        else:
            self.step("prioritise", call, "prioritised")
            self.urgency = urgency

    @rule()
    def quarantine(self) -> None:
        if self.step("quarantine", lambda: self.ticket.quarantine("spam", self.agent), "quarantined"):
            self.put_aside, self.assignee, self.touched, self.asleep = True, None, True, False

    @rule()
    def release(self) -> None:
        if self.put_aside and self.status is not Status.CLOSED:
            self.done(lambda: self.ticket.release(self.agent), "released")
            self.put_aside = False
        else:
            self.refused(lambda: self.ticket.release(self.agent))

    @rule()
    def snooze(self) -> None:
        def call() -> None:
            snoozing.snooze(self.ticket, by=self.agent, until=timezone.now() + timedelta(hours=1))

        if self.put_aside or self.status not in {Status.OPEN, Status.ESCALATED, Status.PENDING}:
            self.refused(call)
            return
        kinds = ("snoozed",) if self.assignee else ("assigned", "snoozed")
        to = Status.ESCALATED if self.status is Status.OPEN and not self.assignee else None
        self.done(call, *kinds, to=to)
        self.assignee, self.touched, self.asleep = self.assignee or self.agent, True, True

    @rule()
    def wake(self) -> None:
        self.done(lambda: snoozing.wake(self.fresh(), by=self.agent), *(["woken"] if self.asleep else []))
        self.asleep = False

    # --- the requester -----------------------------------------------------------------------------------

    @rule()
    def requester_replies(self) -> None:
        def call() -> None:
            self.ticket.reply("Hello?", author=self.requester if self.claimed else None)

        if "requester_reply" in LEGAL[self.status]:  # also out of quarantine: it is kept, and stays aside
            self.done(call, "replied", to=LEGAL[self.status]["requester_reply"])
            self.wrote.append("requester")
            self.asleep = False
        else:
            self.refused(call)

    @rule()
    def asks_for_a_person(self) -> None:
        """Granted at once and for good, also out of quarantine."""
        if self.status is Status.CLOSED:
            self.refused(lambda: self.ticket.request_person())
            return
        kinds = ["released"] if self.put_aside else []
        if not (self.asked_for_person and self.status is Status.ESCALATED):
            kinds.append("person_requested")
        self.done(lambda: self.ticket.request_person(), *kinds, to=Status.ESCALATED)
        self.put_aside, self.asked_for_person, self.touched = False, True, True

    @rule()
    def says_thanks(self) -> None:
        def call() -> None:
            self.ticket.confirm_by_reply("Thanks!", author=None)

        if self.step("confirm_by_reply", call, "closed"):
            self.wrote.append("requester")
            self.ended(by_requester=True)

    @rule()
    def settles(self) -> None:
        if "settle" in LEGAL[self.status]:
            self.done(lambda: self.ticket.settle(actor=None), "closed", to=Status.CLOSED)
            self.ended(by_requester=True)
        else:
            self.refused(lambda: self.ticket.settle(actor=None))

    def ended(self, *, by_requester: bool) -> None:
        self.ended_by_requester, self.ended_at_past, self.asleep = by_requester, False, False

    @rule()
    def takes_it_back(self) -> None:
        """Within its time, what the requester closed stands where it stood; what had no answer is with the team."""
        if self.status is not Status.CLOSED or not self.ended_by_requester or self.ended_at_past:
            self.refused(lambda: self.ticket.undo_confirmation(actor=None))
            return
        stood = Status(self.ticket.events.filter(kind="closed").latest("id").before)
        to = stood if stood in CONFIRMABLE else Status.ESCALATED
        self.done(lambda: self.ticket.undo_confirmation(actor=None), "undone", to=to)
        self.touched = True

    @rule(solved=st.sampled_from([True, False, None]), rating=st.sampled_from([None, 1, 5]))
    def gives_feedback(self, solved: bool | None, rating: int | None) -> None:
        def call() -> None:
            self.ticket.record_feedback(solved=solved, rating=rating, comment="So it is.")

        if self.status is Status.OPEN:
            self.refused(call)
        elif solved is False and self.status in CONFIRMABLE:
            self.done(call, "feedback", "reopened", to=Status.ESCALATED)
        elif solved and self.status in CONFIRMABLE:
            self.done(call, "feedback", "closed", to=Status.CLOSED)
            self.ended(by_requester=True)
        else:
            self.done(call, "feedback")
        if solved is False and self.status is Status.CLOSED:
            self.late_word_reaches_a_person()

    def late_word_reaches_a_person(self) -> None:
        """Said when all was over, it is a ticket that a person will read, whatever the machine is sure of."""
        follow_up = self.ticket.follow_ups.latest("id")
        if follow_up.state is Status.OPEN:
            pipeline.triage_ticket(follow_up)
        follow_up.refresh_from_db()
        assert follow_up.state in {Status.ESCALATED, Status.PENDING}
        assert follow_up.human_requested
        assert not follow_up.messages.filter(sender=Message.Sender.MACHINE).exists()

    @rule()
    def claims_it(self) -> None:
        if not self.claimed:
            self.done(lambda: self.fresh().claim(self.requester), "claimed")
            self.claimed = True

    # --- time --------------------------------------------------------------------------------------------

    @rule()
    def days_of_silence(self) -> None:
        """Only what was answered, and not put aside, is closed by silence."""
        Ticket.objects.filter(pk=self.ticket.pk).exclude(resolved_at=None).update(
            resolved_at=timezone.now() - timedelta(days=400)
        )
        if self.status in {Status.AUTO_RESOLVED, Status.RESOLVED}:
            self.done(lifecycle.close_silent_tickets, "closed", to=Status.CLOSED)
            self.ended(by_requester=False)
        else:
            self.done(lifecycle.close_silent_tickets)

    @rule()
    def half_an_hour(self) -> None:
        if self.status is Status.CLOSED:
            Ticket.objects.filter(pk=self.ticket.pk).update(closed_at=timezone.now() - UNDO_TIME)
            self.ended_at_past = True

    def prefers_a_person(self) -> None:
        """As if the form had said so: the ticket is still open, and no machine may answer it."""
        Ticket.objects.filter(pk=self.ticket.pk).update(human_requested=True)
        self.asked_for_person = self.touched = True

    # --- what always holds ---------------------------------------------------------------------------------

    @invariant()
    def row_is_as_the_model_says(self) -> None:
        row = self.fresh()
        assert (row.state, row.is_quarantined) == (self.status, self.put_aside)
        assert (row.assignee, row.human_requested, row.urgency) == (
            self.assignee, self.asked_for_person, self.urgency,
        )  # fmt: skip
        assert (row.closed_at is not None, row.closure != "") == (self.status is Status.CLOSED,) * 2
        assert row.resolved_at or self.status not in {Status.AUTO_RESOLVED, Status.RESOLVED}
        assert row.escalated_at or self.status is not Status.ESCALATED
        assert not self.put_aside or self.status in {Status.ESCALATED, Status.CLOSED}
        assert Snooze.objects.filter(ticket=row).exists() == self.asleep

    @invariant()
    def events_are_a_chain(self) -> None:
        stood, told = "", list(self.ticket.events.order_by("id"))
        for event in told:
            assert event.before == stood
            assert event.before != Status.CLOSED or event.kind in AFTER_THE_END
            stood = event.after
        assert stood == self.status
        kinds = [event.kind for event in told]
        assert kinds.count("created") == 1
        assert kinds.count("auto_resolved") <= 1
        if "auto_resolved" in kinds:
            assert not BY_PEOPLE & set(kinds[: kinds.index("auto_resolved")])

    @invariant()
    def conversation_is_what_was_said(self) -> None:
        said = self.ticket.messages.filter(kind=Message.Kind.REPLY).order_by("id")
        senders = list(said.values_list("sender", flat=True))
        assert senders == self.wrote
        assert "machine" not in senders or "agent" not in senders[: senders.index("machine")]


def machine(people: tuple[User, User, User]) -> type[TicketMachine]:
    return type("Machine", (TicketMachine,), {"people": people})


@pytest.mark.parametrize(("walks", "steps"), LENGTHS)
@pytest.mark.django_db
def test_whatever_happens_in_whatever_order_the_ticket_stands_where_it_should(
    walks: int, steps: int, engine: FakeEngine, refund_intent: Any, requester: User, agent: User
) -> None:
    engine.says("track_refund", 0.99)
    colleague = person("otto@example.com", Role.AGENT, "Otto")
    run_state_machine_as_test(
        machine((requester, agent, colleague)),
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow],
            print_blob=True,
        ),
    )


#: What breaks, and a walk on which the model must see it.
FAULTS: dict[str, Callable[[TicketMachine], object]] = {
    "close": lambda walk: (walk.machine_judges(), walk.close()),
    "reply": lambda walk: walk.agent_replies(),
    "may_be_automated": lambda walk: (walk.prefers_a_person(), walk.machine_insists()),
    "record_feedback": lambda walk: (
        walk.machine_judges(), walk.says_thanks(), walk.gives_feedback(solved=False, rating=None),
    ),
    "_end": lambda walk: (walk.machine_judges(), walk.settles(), walk.row_is_as_the_model_says()),
}  # fmt: skip


@pytest.mark.parametrize("broken", [None, *FAULTS])
@pytest.mark.django_db
def test_a_ticket_that_misbehaves_is_seen(
    broken: str | None,
    monkeypatch: pytest.MonkeyPatch,
    engine: FakeEngine,
    refund_intent: Any,
    requester: User,
    agent: User,
) -> None:
    """The controls: the walk ends well, and with a fault in the ticket itself it fails."""
    engine.says("track_refund", 0.99)
    colleague = person("otto@example.com", Role.AGENT, "Otto")
    if broken:
        break_ticket(broken, monkeypatch)
    for name in [broken] if broken else FAULTS:
        walk = machine((requester, agent, colleague))()
        walk.arrive(guest=False, wants_person=False, program=False)
        try:
            with pytest.raises((AssertionError, ObjectDoesNotExist)) if broken else nullcontext():
                FAULTS[name](walk)
        finally:
            walk.teardown()


def break_ticket(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = getattr(Ticket, method)

    def twice(ticket: Ticket, *args: Any, **facts: Any) -> Any:
        real(ticket, *args, **facts)
        return real(ticket, *args, **facts)

    def deaf(ticket: Ticket, *, solved: bool | None, **facts: Any) -> Any:
        return real(ticket, solved=None if ticket.state is Status.CLOSED else solved, **facts)

    def no_reason(ticket: Ticket, closure: Closure, *args: Any, **facts: Any) -> None:
        real(ticket, closure, *args, **facts)
        Ticket.objects.filter(pk=ticket.pk).update(closed_at=None)

    faults: dict[str, Any] = {
        "close": lambda ticket, *args, **facts: None, "reply": twice, "may_be_automated": True,
        "record_feedback": deaf, "_end": no_reason,
    }  # fmt: skip
    monkeypatch.setattr(Ticket, method, faults[method])
