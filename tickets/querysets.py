"""Sets of tickets by name, and the filters of every list of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Concat, Lower, StrIndex, Substr
from django.db.models.lookups import GreaterThan, LessThan
from django.utils import timezone

from tickets.conversation import Message
from tickets.references import read_reference
from tickets.states import Status
from tickets.teams.sight import closed_to

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Ticket  # the rows' type


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """What a list shows, whoever asks for it. Nothing given leaves nothing out. Words: ``tickets.search``."""

    statuses: Collection[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_since: datetime | None = None

    @property
    def condition(self) -> Q:
        """The moments of ``created_after`` and ``updated_since`` are within, that of ``created_before`` is not."""
        wanted = Q()
        if self.statuses:
            wanted &= Q(status__in=self.statuses)
        if self.created_after:
            wanted &= Q(created_at__gte=self.created_after)
        if self.created_before:
            wanted &= Q(created_at__lt=self.created_before)
        if self.updated_since:
            wanted &= Q(updated_at__gte=self.updated_since)
        return wanted


def mailbox_of(field: str) -> Case:
    """SQL for the mailbox that the address in ``field`` reaches: ``Rita+shop@example.com`` is rita@example.com."""
    text = models.CharField(max_length=254)
    address = Lower(field, output_field=text)
    plus, at = StrIndex(address, Value("+")), StrIndex(address, Value("@"))
    bare = Concat(Substr(address, 1, plus - 1), Substr(address, at), output_field=text)
    return Case(
        When(GreaterThan(plus, 0) & LessThan(plus, at), then=bare), default=address, output_field=text
    )


def _news() -> Exists:
    """Somebody else's words that came after the requester last looked at the ticket."""
    news = Message.objects.exclude(sender="requester").filter(
        ticket=OuterRef("pk"), kind="reply", created_at__gt=OuterRef("seen_at")
    )
    return Exists(news)


class TicketQuerySet(models.QuerySet["Ticket"]):
    @contextmanager
    def held(self, pk: int) -> Iterator[Ticket]:
        """The ticket in a transaction of its own that has its lock: transitions within do not take it again."""
        with transaction.atomic():
            own = ("self",) if connection.features.has_select_for_update_of else ()
            ticket = self.select_related("requester").select_for_update(of=own).get(pk=pk)
            ticket._is_held = True
            try:
                yield ticket
            finally:
                ticket._is_held = False

    def named(self, reference: str) -> Self:
        """The one ticket of this reference, however it is typed."""
        return self.filter(reference=read_reference(reference))

    def matching(self, wanted: TicketFilter) -> Self:
        return self.filter(wanted.condition)

    def for_requester(self, user: User) -> Self:
        return self.filter(requester=user)

    def of_same_person(self, ticket: Ticket) -> Self:
        """Everything of the account or from the mailbox that ``ticket`` came from, that ticket included."""
        own = Q(mailbox=ticket.mailbox)
        return self.filter(own | Q(requester=ticket.requester_id) if ticket.requester_id else own)

    def held_by_guest(self, references: Collection[str]) -> Self:
        """Those among ``references`` that belong to no account."""
        return self.filter(requester=None, reference__in=references) if references else self.none()

    def at_desk(self, user: User) -> Self:
        """What this person may see at the desk: all but the tickets of teams that are closed to them."""
        if not user.reads_desk:
            return self.none()
        closed = closed_to(user)
        return self.exclude(team__in=closed) if closed else self.all()

    def visible_to(self, user: User | None, held: Collection[str] = ()) -> Self:
        """For who works at the desk what they see there, and their own; for everybody else their own, and those a
        guest's browser holds."""
        if user is None:
            return self.held_by_guest(held)
        if user.reads_desk:
            closed = closed_to(user)
            return self.exclude(~Q(requester=user), team__in=closed) if closed else self.all()
        return self.for_requester(user) | self.held_by_guest(held) if held else self.for_requester(user)

    def with_unread(self) -> Self:
        """With ``is_unread``: somebody else has written since the requester last looked."""
        return self.annotate(is_unread=_news())

    def unread(self) -> Self:
        return self.filter(_news())

    def latest_first(self) -> Self:
        """By what moved last."""
        return self.order_by("-updated_at", "-pk")

    def moved_before(self, at: datetime, pk: int) -> Self:
        """Those that ``latest_first`` puts behind the ticket ``pk``, which moved ``at``."""
        return self.filter(Q(updated_at__lt=at) | Q(updated_at=at, pk__lt=pk))

    def wanted(self) -> Self:
        """Without what is in quarantine."""
        return self.filter(quarantined_at=None)

    def in_quarantine(self) -> Self:
        return self.filter(quarantined_at__isnull=False)

    def awaiting_agent(self) -> Self:
        return self.wanted().filter(status=Status.ESCALATED)

    def unassigned(self) -> Self:
        return self.filter(assignee=None)

    def auto_resolved(self) -> Self:
        return self.filter(status=Status.AUTO_RESOLVED)

    def settled(self) -> Self:
        """What similar tickets are looked for among. A merged one was settled elsewhere."""
        return self.filter(status__in=[Status.RESOLVED, Status.CLOSED], merged_into=None)

    def silent_since(self, moment: datetime) -> Self:
        """Answered tickets whose requester has said nothing since ``moment``."""
        return self.filter(status__in=[Status.AUTO_RESOLVED, Status.RESOLVED], resolved_at__lt=moment)


def silence_limit() -> datetime:
    """Answered tickets that nobody touched since this moment count as settled."""
    return timezone.now() - timedelta(days=settings.CLOSE_AFTER_SILENT_DAYS)
