"""What agents and requesters do with one ticket: a POST for each step of their pages, calling the same method."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract.strict import StrictSerializer
from accounts.contract.views import ContractView, NoFields
from accounts.tokens.scopes import Scope
from tickets.access import over_api, own_ticket, team_ticket, visible_ticket, visible_tickets
from tickets.api import current
from tickets.api.serializers import TicketDetailSerializer
from tickets.api.step_forms import (
    AssignSerializer,
    FillSerializer,
    LinkSerializer,
    MergeSerializer,
    PrioritySerializer,
    ResolvedSerializer,
    SnoozeSerializer,
    SplitSerializer,
    TagsSerializer,
    TeamSerializer,
)
from tickets.desk import held, snoozing
from tickets.fields import filling
from tickets.links import linking, splitting
from tickets.models import Closure, Ticket, Urgency
from tickets.tags import tagging
from tickets.teams.sight import may_see


class StepView(ContractView):
    """One step with one ticket. Who may see the ticket but not take the step gets 403, everybody else 404."""

    needs = {"POST": Scope.TICKETS_WRITE}
    reads_if_match = frozenset({"POST"})
    form: ClassVar[type[StrictSerializer]] = NoFields

    def post(self, request: Request, reference: str) -> Response:
        ticket = self.ticket(reference)
        said = self.body(self.form)
        with current.if_unchanged(request, ticket):
            self.act(ticket, said)
        return self.done(ticket)

    def done(self, ticket: Ticket) -> Response:
        return current.answer(self.request, ticket.reference)

    def ticket(self, reference: str) -> Ticket:
        """Agents' steps; those of requesters load it otherwise."""
        return team_ticket(over_api(self.request), reference)

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        raise NotImplementedError

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return current.answer(self.request, kwargs["reference"])


def step(
    name: str, form: type[StrictSerializer] | None = None, *, answers: Any = TicketDetailSerializer
) -> Any:
    """The contract's words for a step."""
    told = extend_schema(operation_id=name, request=form, responses=answers)
    return extend_schema_view(post=told)


@step("assign_ticket", AssignSerializer)
class AssignView(StepView):
    """Give the ticket to an agent, or back to the queue with null. A colleague's is taken only with `take_over`."""

    form = AssignSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        held_by = None if said["take_over"] else {None, self.caller.pk}
        ticket.assign(said["assignee"], actor=self.caller, held_by=held_by)


@step("hand_ticket_to_team", TeamSerializer, answers={200: TicketDetailSerializer, 204: None})
class TeamView(StepView):
    """Give it to a team, or to none. Where its agent does not see it there, it has no agent any more."""

    form = TeamSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.hand_to(said["team"], actor=self.caller)

    def done(self, ticket: Ticket) -> Response:
        """Whoever has handed it to a team that is closed to them sees it no more."""
        ticket.refresh_from_db(fields=["team"])
        if may_see(self.caller, ticket.team_id):
            return super().done(ticket)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        found = visible_tickets(over_api(self.request)).named(kwargs["reference"]).first()
        return super().done(found) if found else Response(status=status.HTTP_204_NO_CONTENT)


@step("fill_fields", FillSerializer)
class FieldsView(StepView):
    """Fill in fields of the house's own, all or nothing; each is kept in the one spelling of its kind."""

    form = FillSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        filling.fill(ticket, said["values"], by=self.caller)


@step("prioritise_ticket", PrioritySerializer)
class PriorityView(StepView):
    """Say how soon the team must look at it."""

    form = PrioritySerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.prioritise(Urgency[said["priority"].upper()], actor=self.caller)


@step("snooze_ticket", SnoozeSerializer)
class SnoozeView(StepView):
    """Put it aside until a moment, or until its requester writes."""

    form = SnoozeSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        snoozing.snooze(ticket, by=self.caller, until=said["until"])


@step("wake_ticket")
class WakeView(StepView):
    """End its snooze."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        snoozing.wake(ticket, by=self.caller)


@step("tag_ticket", TagsSerializer)
class TagsView(StepView):
    """Put tags on it and take tags off."""

    form = TagsSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        tagging.put(ticket, tagging.read_names(",".join(said["add"])), by=self.caller)
        for name in tagging.read_names(",".join(said["remove"])):
            tagging.take_off(ticket, name, by=self.caller)


@step("release_ticket")
class NotSpamView(StepView):
    """Release it from quarantine."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.release(self.caller)


@step("mark_ticket_resolved", ResolvedSerializer)
class ResolvedView(StepView):
    """Say that the matter is settled. With `seen` it is refused if somebody wrote after that message."""

    form = ResolvedSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        latest = ticket.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
        held.settle(ticket, agent=self.caller, seen=said.get("seen", latest))


@step("reopen_ticket")
class ReopenView(StepView):
    """Bring an answered ticket back into the queue."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.reopen(actor=self.caller)


@step("recall_answer")
class RecallView(StepView):
    """Take an automatic answer back: a person answers now."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.escalate("recalled", actor=self.caller)


@step("merge_ticket", MergeSerializer)
class MergeView(StepView):
    """Have it go on in another ticket of the same person."""

    form = MergeSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.merge_into(said["into"], actor=self.caller)


@step("unmerge_ticket")
class UnmergeView(StepView):
    """Have it stand by itself again."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.unmerge(actor=self.caller)


@step("link_ticket", LinkSerializer)
class LinkView(StepView):
    """Link it to another ticket."""

    form = LinkSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        linking.link(ticket, said["other"], by=self.caller)


@step("unlink_ticket", LinkSerializer)
class UnlinkView(StepView):
    """Take a link off."""

    form = LinkSerializer

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        linking.unlink(ticket, said["other"], by=self.caller)


class SplitView(StepView):
    """Begin a ticket of its own with some of its messages."""

    form = SplitSerializer

    @extend_schema(
        operation_id="split_ticket",
        request=SplitSerializer,
        responses={201: TicketDetailSerializer, 200: TicketDetailSerializer},
    )
    def post(self, request: Request, reference: str) -> Response:
        ticket = self.ticket(reference)
        said = self.body(self.form)
        with current.if_unchanged(request, ticket):
            new = splitting.split(ticket, said["messages"], subject=said["subject"], by=self.caller)
        self.made = new.reference
        return current.answer(request, new.reference, status.HTTP_201_CREATED)

    def again(self, made: str, *args: Any, **kwargs: Any) -> Response:
        return current.answer(self.request, made)


@step("close_ticket")
class CloseView(StepView):
    """End it. Its requester says so of any open ticket, an agent of one that is answered."""

    def ticket(self, reference: str) -> Ticket:
        return visible_ticket(over_api(self.request), reference)

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        if over_api(self.request).owns(ticket):
            ticket.settle(actor=self.caller)
        else:
            ticket.close(Closure.AGENT, actor=self.caller)


class RequesterStepView(StepView):
    """Steps that only the requester takes."""

    def ticket(self, reference: str) -> Ticket:
        return own_ticket(over_api(self.request), reference)


@step("ask_for_person")
class PersonView(RequesterStepView):
    """Ask for a person. Always granted unless the ticket is closed."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.request_person(actor=self.caller)


@step("undo_closing")
class UndoView(RequesterStepView):
    """Take your "solved" back, within half an hour."""

    def act(self, ticket: Ticket, said: dict[str, Any]) -> None:
        ticket.undo_confirmation(actor=self.caller)
