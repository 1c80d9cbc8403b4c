"""One step on many tickets: those chosen in a list, or all that it shows, as a job that tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from tickets.access import Viewer, at_desk
from tickets.background import jobs
from tickets.desk import snoozing
from tickets.desk.models import BulkRun
from tickets.errors import Held, TicketError
from tickets.models import Status, Ticket, TicketQuerySet
from tickets.search.find import narrow
from tickets.states import Urgency
from tickets.tags import tagging
from tickets.teams.models import Team
from triage.desk import selection
from triage.desk.wording import MARKED_SPAM

KIND: Final = "bulk_run"
NO_TEAM: Final = "none"
MOST: Final = 10_000  # tickets of one run
BATCH: Final = 100
TOLD: Final = 100  # refusals that are named one by one
CLOSED, ASIDE = Q(status=Status.CLOSED), Q(quarantined_at__isnull=False)
SETTLED = Q(status__in=[Status.AUTO_RESOLVED, Status.RESOLVED, Status.CLOSED])


@dataclass(frozen=True)
class Bulk:
    """What may be done with many tickets. ``from_colleagues``: theirs too, after a yes."""

    agent: User
    given: Mapping[str, str]
    from_colleagues: bool = False

    def _own(self) -> Collection[int | None] | None:
        return None if self.from_colleagues else {None, self.agent.pk}

    def take(self, ticket: Ticket) -> None:
        ticket.assign(self.agent, actor=self.agent, held_by=self._own())

    def give_back(self, ticket: Ticket) -> None:
        ticket.assign(None, actor=self.agent, held_by=self._own())

    def snooze(self, ticket: Ticket) -> None:
        until = snoozing.moments().get(self.given.get("until", ""))
        if until is None:
            raise TicketError("Choose until when.")
        snoozing.snooze(ticket, by=self.agent, until=until[1])

    def tag(self, ticket: Ticket) -> None:
        names = tagging.read_names(self.given.get("tags", ""))
        if not names:
            raise TicketError("Write a tag first.")
        tagging.put(ticket, names, by=self.agent)

    def urgency(self, ticket: Ticket) -> None:
        wanted = self.given.get("urgency", "")
        if wanted not in {str(value) for value in Urgency.values}:
            raise TicketError("Choose how urgent.")
        ticket.prioritise(Urgency(int(wanted)), actor=self.agent)

    def team(self, ticket: Ticket) -> None:
        key = self.given.get("team", "")
        chosen = Team.objects.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
        if chosen is None and key != NO_TEAM:
            raise TicketError("Choose a team.")
        ticket.hand_to(chosen, actor=self.agent)

    def resolve(self, ticket: Ticket) -> None:
        ticket.resolve(actor=self.agent)

    def spam(self, ticket: Ticket) -> None:
        ticket.quarantine(MARKED_SPAM, self.agent)

    def not_spam(self, ticket: Ticket) -> None:
        ticket.release(self.agent)


@dataclass(frozen=True)
class Step:
    """``does`` in the words of a button, ``now`` what the tickets are then, ``refused`` which are left as they are."""

    does: str
    now: str
    refused: Mapping[str, Q] = field(default_factory=dict)
    needs: str = ""  # what must be given along
    respects_colleagues: bool = False


_ASIDE: Final = {"in quarantine": ASIDE}
STEPS: Final[Mapping[str, Step]] = {
    "take": Step("Assign to me", "assigned to you", {"closed": CLOSED, **_ASIDE}, respects_colleagues=True),
    "give_back": Step("Back to the queue", "assigned to nobody", {"closed": CLOSED, **_ASIDE}, respects_colleagues=True),
    "snooze": Step("Snooze", "snoozed", {"answered or closed": SETTLED, **_ASIDE}, needs="until"),
    "tag": Step("Tag", "tagged", needs="tags"),
    "urgency": Step("Set the urgency", "as urgent as you said", {"closed": CLOSED, **_ASIDE}, needs="urgency"),
    "team": Step("Hand to a team", "with that team", {"closed": CLOSED}, needs="team"),
    "resolve": Step("Resolve without a reply", "resolved", {"answered or closed": SETTLED, **_ASIDE}),
    "spam": Step("Spam", "in quarantine", {"answered or closed": SETTLED, **_ASIDE}),
    "not_spam": Step("Not spam: into the queue", "in the queue", {"not in quarantine": Q(quarantined_at=None)}),
}  # fmt: skip
NEEDS: Final = ("until", "tags", "urgency", "team")


# --- before ---------------------------------------------------------------------------------------------------


def meant(wish: Mapping[str, str], agent: User) -> TicketQuerySet:
    """All tickets that a list shows, however many pages it has. Raises TicketError where it cannot be understood."""
    asked = selection.read(wish, agent)
    rows, unclear = selection.rows(asked, agent, timezone.now())
    if unclear:
        raise TicketError(" ".join(unclear))
    return narrow(rows, asked.words, Viewer(agent)) if asked.words else rows


@dataclass(frozen=True)
class Preview:
    total: int
    more: bool
    refused: Mapping[str, int]

    @property
    def done(self) -> int:
        """At least so many, as it looks now."""
        return max(0, self.total - sum(self.refused.values()))


def preview(wish: Mapping[str, str], name: str, agent: User) -> Preview:
    """How many are meant, and which kinds of them the step leaves as they are: one query."""
    step = STEPS[name]
    kinds = dict(step.refused)
    if step.respects_colleagues:
        theirs = Q(assignee__isnull=False) & ~Q(assignee=agent)
        kinds["with a colleague"] = theirs & ~CLOSED & ~ASIDE
    chosen = meant(wish, agent).order_by("pk").values("pk")[: MOST + 1]
    counted = (
        at_desk(agent)
        .filter(pk__in=chosen)
        .aggregate(
            total=Count("pk"),
            **{f"kind{n}": Count("pk", filter=kind) for n, kind in enumerate(kinds.values())},
        )
    )
    refused = {words: counted[f"kind{n}"] for n, words in enumerate(kinds)}
    total = counted["total"]
    return Preview(
        min(total, MOST), total > MOST, {words: number for words, number in refused.items() if number}
    )


@transaction.atomic
def begin(wish: Mapping[str, str], name: str, given: Mapping[str, str], agent: User, *, yes: bool) -> BulkRun:
    """Write down what is wished; a worker does it. What comes in later is not meant."""
    rows = meant(wish, agent).order_by("pk").values_list("pk", flat=True)
    first = list(rows[:MOST])
    run = BulkRun.objects.create(
        by=agent, step=name, wish=dict(wish), given={**given, **({"yes": "1"} if yes else {})},
        total=len(first), up_to=first[-1] if first else 0,
    )  # fmt: skip
    jobs.enqueue(KIND, run.pk, key=str(run.pk))
    return run


# --- the job --------------------------------------------------------------------------------------------------


def perform(run_id: int) -> None:
    """Safe to begin again: each ticket's step is kept together with how far the run is."""
    run = BulkRun.objects.select_related("by").filter(pk=run_id).first()
    if run is None or run.is_over:
        return
    run.move(BulkRun.State.RUNNING)
    bulk = Bulk(run.by, run.given, from_colleagues=run.given.get("yes") == "1")
    act: Callable[[Ticket], None] = getattr(bulk, run.step)
    while batch := _next(run):
        for ticket in batch:
            run.refresh_from_db()
            if run.stop_wished or not run.by.is_agent:
                run.move(BulkRun.State.STOPPED)
                return
            _one(run, act, ticket)
    run.move(BulkRun.State.DONE if run.by.is_agent else BulkRun.State.STOPPED)


def _next(run: BulkRun) -> list[Ticket]:
    try:
        rows = meant(run.wish, run.by)
    except TicketError:
        return []
    rows = rows.filter(pk__gt=run.cursor, pk__lte=run.up_to).order_by("pk")
    return list(Ticket.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:BATCH])).order_by("pk"))


def _one(run: BulkRun, act: Callable[[Ticket], None], ticket: Ticket) -> None:
    with transaction.atomic():
        refusal = _tried(act, ticket)
        known: dict[str, Any] = {"done": F("done") + 1}
        if refusal:
            told = [*run.refused, [ticket.pk, ticket.reference, refusal[:200]]][:TOLD]
            known = {"left": F("left") + 1, "refused": told}
        BulkRun.objects.filter(pk=run.pk).update(cursor=ticket.pk, **known)
        run.cursor = ticket.pk


def _tried(act: Callable[[Ticket], None], ticket: Ticket) -> str:
    """The reason why it was refused, empty where it is done."""
    try:
        with transaction.atomic():
            act(ticket)
    except Held as held:
        return f"{held.holder} has it." if held.holder else "Nobody has it."
    except TicketError as error:
        return str(error)
    return ""


def forget_old() -> None:
    """Reports of long ago. A sweep."""
    BulkRun.objects.filter(at__lt=timezone.now() - BulkRun.KEPT).delete()
