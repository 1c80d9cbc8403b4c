"""The team that a ticket belongs to, and handing it to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from tickets.audit import Event
from tickets.errors import InvalidTransition
from tickets.states import Status
from tickets.teams.attendance import refuse_away
from tickets.teams.models import Team
from tickets.teams.sight import may_see

if TYPE_CHECKING:
    from accounts.models import User


class TeamSteps(models.Model):
    """Part of Ticket. Whoever is in charge of a ticket sees it: that holds after each step."""

    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, editable=False, related_name="tickets", db_index=False
    )

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        assignee: Any
        team_id: int | None

        @property
        def state(self) -> Status: ...
        def _lock(self, action: str, *allowed: Status, in_quarantine: bool = False) -> None: ...
        def _move(self, status: Status, event: str, actor: User | None, **facts: Any) -> None: ...
        def assign(self, assignee: User | None, *, actor: User | None) -> None: ...

    @transaction.atomic
    def hand_to(self, team: Team | None, *, actor: User | None) -> None:
        """Give it to ``team``, or to none. An agent who cannot see it there has it no more."""
        self._lock("hand over", *(set(Status) - {Status.CLOSED}), in_quarantine=True)
        key = team.pk if team else None
        if self.team_id == key:
            return
        self.team = team
        self._move(self.state, Event.Kind.TEAM, actor, fields=["team"], team=key)
        if self.assignee is not None and not may_see(self.assignee, key):
            self.assign(None, actor=None)

    def _refuse_assignee(self, assignee: User, actor: User | None) -> None:
        """Raises InvalidTransition or Away."""
        if not assignee.is_agent:
            raise InvalidTransition(f"{assignee} is not an agent and cannot be assigned tickets.")
        if not may_see(assignee, self.team_id):
            raise InvalidTransition(
                f"{assignee} does not see the tickets of {self.team}. Hand it to another team first."
            )
        if actor is None or actor.pk != assignee.pk:
            refuse_away(assignee)
