"""A house with a closed team that Anna is in and Otto is not, and an open one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket
from tickets.teams import routing
from tickets.teams.models import Membership, Team


@pytest.fixture(autouse=True)
def no_rules_of_other_tests() -> None:
    routing.forget()


@pytest.fixture
def closed(agent: User) -> Team:
    team = Team.objects.create(name="Billing", is_closed=True)
    Membership.objects.create(team=team, agent=agent, skills=["refund"])
    return team


@pytest.fixture
def open_team(db: None) -> Team:
    return Team.objects.create(name="Shipping")


@pytest.fixture
def waiting(requester: User) -> Callable[..., Ticket]:
    """A ticket that waits for the team it is given."""

    def make(team: Team | None = None, subject: str = "My refund") -> Ticket:
        made = submit_ticket(Submission(subject=subject, body="Where is it?", requester=requester, team=team))
        made.escalate("low_confidence")
        return made

    return make
