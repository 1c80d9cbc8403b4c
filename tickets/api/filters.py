"""What may stand in the query of the ticket list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.db.models import Q
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.contract.pages import PageQuery, fields_of
from accounts.contract.strict import StrictQuery
from tickets.access import Viewer
from tickets.api.serializers import TicketDetailSerializer, TicketSerializer
from tickets.models import Status
from tickets.querysets import TicketFilter
from tickets.search import filters, query

#: What only agents may ask for → the filter of the search box that answers it.
FOR_AGENTS: Final = {
    "requester": "from",
    "assignee": "assignee",
    "tag": "tag",
    "intent": "intent",
    "team": "team",
    "field": "field",
}
ORDERS: Final = {
    "-created_at": "-id",
    "created_at": "id",
    "-updated_at": "-updated_at",
    "updated_at": "updated_at",
}


class TicketQuery(PageQuery):
    """Filters, order and fields of the ticket list."""

    examples: ClassVar[Mapping[str, Any]] = {
        "requester": "rita@example.com", "assignee": "me", "tag": "refund", "intent": "track_refund", "team": "mine", "field": "Order=4711", "search": "refund", "q": "refund",
    }  # fmt: skip

    status = serializers.MultipleChoiceField(choices=Status.choices, required=False)
    created_after = serializers.DateTimeField(required=False, help_text="At this moment or later.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this moment.")
    updated_since = serializers.DateTimeField(
        required=False, help_text="Changed at this moment or later; best with `order=updated_at`."
    )
    requester = serializers.CharField(
        required=False, max_length=254, help_text="Agents only: an e-mail address."
    )
    assignee = serializers.CharField(
        required=False, max_length=254, help_text="Agents only: an agent's address or name, `me` or `none`."
    )
    tag = serializers.CharField(required=False, max_length=100, help_text="Agents only.")
    field = serializers.CharField(
        required=False,
        max_length=120,
        help_text="Agents only: `Order=4711`, or `Order` for those that have any.",
    )
    team = serializers.CharField(
        required=False, max_length=40, help_text="Agents only: a part of a team's name, `mine` or `none`."
    )
    intent = serializers.CharField(required=False, max_length=80, help_text="Agents only: a code, or `none`.")
    search = serializers.CharField(
        max_length=query.LONGEST,
        required=False,
        help_text="Words of the conversation, “phrases”, parts of a name, an address or a reference, and filters: "
        "status: before: after:, with scope=all also from: assignee: and others.",
    )
    q = serializers.CharField(max_length=query.LONGEST, required=False, help_text="The same as search.")
    scope = serializers.ChoiceField(["own", "all"], default="own", help_text="Agents may ask for all.")
    order = serializers.ChoiceField(list(ORDERS), default="-created_at")
    fields_ = fields_of(TicketSerializer, TicketSerializer.Meta.fields)

    def get_fields(self) -> dict[str, Any]:
        """``fields`` is a name that the framework has for itself."""
        found: dict[str, Any] = dict(super().get_fields())
        found["fields"] = found.pop("fields_")
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = FOR_AGENTS.keys() & attrs.keys()
        if given and not self.context["request"].user.reads_desk:
            raise serializers.ValidationError(
                dict.fromkeys(given, ErrorDetail("Only agents filter by this.", "agents_only"))
            )
        return attrs


class TicketFieldsQuery(StrictQuery):
    fields_ = fields_of(TicketDetailSerializer, TicketDetailSerializer.Meta.fields)

    def get_fields(self) -> dict[str, Any]:
        return {"fields": super().get_fields()["fields_"]}


def words(asked: Mapping[str, Any]) -> str:
    """What is searched for; empty if nothing is."""
    return f"{asked.get('search', '')} {asked.get('q', '')}".strip()


def wanted(asked: Mapping[str, Any]) -> TicketFilter:
    return TicketFilter(
        statuses=asked.get("status", ()),
        created_after=asked.get("created_after"),
        created_before=asked.get("created_before"),
        updated_since=asked.get("updated_since"),
    )


def for_agents(asked: Mapping[str, Any], viewer: Viewer) -> Q:
    """The condition of the filters of agents; what names nothing that there is finds nothing."""
    found = Q()
    for name, in_search in FOR_AGENTS.items():
        if name in asked:
            try:
                found &= filters.condition(in_search, asked[name], viewer)
            except query.SearchRefused:
                return Q(pk__in=[])
    return found
