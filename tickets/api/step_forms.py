"""What the steps with a ticket take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from accounts.contract.strict import StrictSerializer
from accounts.models import User
from tickets.fields.models import Field
from tickets.links import linking, splitting
from tickets.models import Ticket, Urgency
from tickets.tags.models import LONGEST
from tickets.tags.tagging import MOST
from tickets.teams.models import Team


class AssignSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"assignee": "anna@example.com"}

    assignee = serializers.CharField(
        allow_null=True, max_length=254, help_text="An agent's address, `me`, or null for the queue."
    )
    take_over = serializers.BooleanField(default=False, help_text="Although a colleague has it.")

    def validate_assignee(self, address: str | None) -> User | None:
        if address is None or address == "me":
            return self.context["request"].user if address else None
        found = User.objects.staff().filter(email=User.objects.normalize_email(address)).first()
        if found is None:
            raise serializers.ValidationError("No agent has this address.", "no_such_agent")
        return found


class TeamSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"team": "Billing"}

    team = serializers.CharField(allow_null=True, max_length=40, help_text="A team's name; null: no team.")

    def validate_team(self, name: str | None) -> Team | None:
        found = Team.objects.filter(name__iexact=name).first() if name else None
        if name is not None and found is None:
            raise serializers.ValidationError("No team has this name.", "no_such_team")
        return found


class FillSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"values": {"Order": "4711"}}

    values = serializers.DictField(
        child=serializers.CharField(max_length=1000, allow_blank=True, allow_null=True),
        help_text="By the field's name; null or empty: nothing. What is not named stays.",
    )

    def validate_values(self, given: dict[str, str | None]) -> dict[int, str]:
        known = {field.name.lower(): field.pk for field in Field.objects.filter(is_active=True)}
        wrong = sorted(name for name in given if name.lower() not in known)
        if wrong:
            raise serializers.ValidationError(f"No field is called “{wrong[0][:40]}”.", "no_such_field")
        return {known[name.lower()]: text or "" for name, text in given.items()}


class PrioritySerializer(StrictSerializer):
    priority = serializers.ChoiceField([one.name.lower() for one in Urgency])


class SnoozeSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"until": "2026-12-24T09:00:00Z"}

    until = serializers.DateTimeField(help_text="In the future, at most a year ahead.")


class TagsSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"add": ["refund", "vip"], "remove": ["late"]}

    add = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST), max_length=MOST, required=False, default=list
    )
    remove = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST), max_length=MOST, required=False, default=list
    )


class ResolvedSerializer(StrictSerializer):
    seen = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53,
        help_text="The id of the last message that you have read.",
    )


class MergeSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"into": "K7QM-4TRX-9WPD"}

    into = serializers.CharField(max_length=40, help_text="The other ticket's id.")

    def validate_into(self, reference: str) -> Ticket:
        return linking.find(reference, by=self.context["request"].user)


class LinkSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"other": "K7QM-4TRX-9WPD"}

    other = serializers.CharField(max_length=40, help_text="The other ticket's id.")

    def validate_other(self, reference: str) -> Ticket:
        return linking.find(reference, by=self.context["request"].user)


class SplitSerializer(StrictSerializer):
    examples: ClassVar[Mapping[str, Any]] = {"messages": [4711], "subject": "And the coat?"}

    messages = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53), min_length=1, max_length=splitting.MOST
    )
    subject = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
