"""The feed of Events: what happened to all tickets, in the order in which it was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.contract.strict import StrictQuery
from accounts.contract.views import ContractView
from accounts.models import User
from accounts.tokens.scopes import Scope
from tickets import feed
from tickets.teams.sight import closed_to

LARGEST_POSITION = 2**63 - 1
MOST = 500


class SeesAllTickets(BasePermission):
    """The feed has no gaps: it is for who sees the tickets of every team."""

    message = "Only agents who see the tickets of every team do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        person = cast(User, request.user)
        return bool(person and person.is_authenticated and person.reads_desk and not closed_to(person))


class PlaceQuery(StrictQuery):
    """Where in the feed to read."""

    after = serializers.IntegerField(
        min_value=0, max_value=LARGEST_POSITION, default=0, help_text="`next` of the last answer; 0: from the beginning."
    )  # fmt: skip
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=100)


class EventSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="Its place in the trail: 1, 2, 3, … without a gap.")
    type = serializers.CharField(help_text="Such as `ticket.created`.")
    at = serializers.DateTimeField()
    ticket = serializers.CharField(help_text="The ticket's reference.")
    actor = serializers.IntegerField(allow_null=True, help_text="Who did it; null: the machine or a guest.")
    before = serializers.CharField(allow_null=True, help_text="The ticket's status before.")
    after = serializers.CharField(allow_null=True, help_text="The ticket's status after.")
    facts = serializers.DictField(help_text="Numbers and codes, never a text.")
    seal = serializers.CharField(help_text="SHA-256 of this Event and the one before. It never changes.")


class EventPageSerializer(serializers.Serializer[Any]):
    results = EventSerializer(many=True)
    next = serializers.IntegerField(help_text="Send it as `after` next time, also where nothing was found.")
    more = serializers.BooleanField(help_text="True: ask again at once. False: that was all for now.")


class EventsView(ContractView):
    permission_classes = [SeesAllTickets]
    needs = {"GET": Scope.EVENTS_READ}
    query: ClassVar[Mapping[str, type[StrictQuery]]] = {"GET": PlaceQuery}

    @extend_schema(operation_id="list_events", responses=EventPageSerializer)
    def get(self, request: Request) -> Response:
        """What happened to all tickets after a position, oldest first.

        Positions have no gaps: whoever has read position N has missed nothing up to N. An Event is here about a second
        after it happened. Ids and codes only; what may be read of a ticket, `GET /api/tickets/{id}` tells.
        """
        page = feed.page(**self.asked)
        results = [feed.told(event) for event in page.events]
        return Response({"results": results, "next": page.next, "more": page.more})
