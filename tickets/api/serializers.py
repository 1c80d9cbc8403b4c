"""Tickets as programs send and see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.contract.strict import StrictSerializer
from accounts.contract.telling import Telling
from accounts.mailboxes import AddressApiField
from accounts.models import User
from accounts.names import validate_name
from tickets.access import over_api, readable_on
from tickets.desk.models import Snooze
from tickets.errors import AttachmentRefused
from tickets.fields.filling import held_by
from tickets.intake import attachments
from tickets.intake.written import as_written
from tickets.models import Attachment, Feedback, Message, Ticket, Urgency
from tickets.tags.tagging import tags_of
from tickets.teams.sight import may_see


class WrittenField(serializers.CharField):
    """A text that a person wrote: plain line ends, and blank if nothing of it can be seen."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(as_written(data) if isinstance(data, str) else data)


class FilesMixin(StrictSerializer):
    """Attachments, sent as multipart form data."""

    files = serializers.ListField(child=serializers.FileField(), required=False, default=list)

    def validate_files(self, files: list[Any]) -> list[Any]:
        try:
            attachments.check_all(files)
        except AttachmentRefused as error:
            raise serializers.ValidationError(str(error), code=error.code) from error
        return files


class SubmissionSerializer(StrictSerializer):
    """A wish, as JSON."""

    examples: ClassVar[Mapping[str, Any]] = {
        "subject": "Where is my refund?", "body": "I sent the shoes back last week.", "human_requested": False,
        "requester_email": "rita@example.com", "requester_name": "Rita Requester",
    }  # fmt: skip

    subject = WrittenField(max_length=200, required=False, allow_blank=True, default="")
    body = WrittenField(max_length=settings.MESSAGE_MAX_CHARS)
    human_requested = serializers.BooleanField(
        default=False, help_text="True: a person answers, never the machine."
    )
    requester_email = AddressApiField(required=False, help_text="Agents only: on whose behalf.")
    requester_name = WrittenField(
        max_length=120, required=False, help_text="Agents only.", validators=[validate_name]
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user: User = self.context["request"].user
        behalf = {"requester_email", "requester_name"} & set(attrs)
        if behalf and not user.is_agent:
            raise serializers.ValidationError(
                dict.fromkeys(behalf, "Only agents submit on behalf of somebody else.")
            )
        if "requester_name" in attrs and "requester_email" not in attrs:
            raise serializers.ValidationError({"requester_email": "Name the requester's address too."})
        return attrs


class SubmissionWithFilesSerializer(FilesMixin, SubmissionSerializer):
    """The same as a form with files."""


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["name", "content_type", "size", "sha256", "url"]

    @extend_schema_field(serializers.CharField)
    def get_url(self, attachment: Attachment) -> str:
        return reverse("api-attachment", args=[attachment.token])


class MessageSerializer(Telling, serializers.ModelSerializer[Message]):
    author = serializers.SerializerMethodField(help_text="Shown name; empty for the machine.")
    internal = serializers.SerializerMethodField(help_text="True for notes, which only agents see.")
    attachments = AttachmentSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["id", "sender", "author", "internal", "body", "created_at", "attachments"]

    def get_author(self, message: Message) -> str:
        return message.author.name if message.author else message.written_by

    def get_internal(self, message: Message) -> bool:
        return message.kind == Message.Kind.NOTE


class NewMessageSerializer(StrictSerializer):
    """A reply or a note, as JSON."""

    examples: ClassVar[Mapping[str, Any]] = {"body": "It has arrived, thank you.", "internal": False}

    body = WrittenField(max_length=settings.MESSAGE_MAX_CHARS)
    internal = serializers.BooleanField(
        default=False, help_text="Agents only: a note that the requester never sees."
    )

    take_over = serializers.BooleanField(
        default=False, help_text="Agents only: reply although a colleague has the ticket."
    )

    def validate_internal(self, internal: bool) -> bool:
        if internal and not self.context["request"].user.is_agent:
            raise serializers.ValidationError("Only agents write notes.")
        return internal


class NewMessageWithFilesSerializer(FilesMixin, NewMessageSerializer):
    """The same as a form with files."""


class FeedbackFormSerializer(StrictSerializer):
    """What the requester says of the answer: at least one of the three."""

    examples: ClassVar[Mapping[str, Any]] = {"solved": True, "rating": 5, "comment": "That was quick."}

    solved = serializers.BooleanField(required=False, allow_null=True, default=None)
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True, default=None)
    comment = WrittenField(max_length=2000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["solved"] is None and attrs["rating"] is None and not attrs["comment"]:
            raise serializers.ValidationError("Say at least one of: solved, rating, comment.")
        return attrs


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    class Meta:
        model = Feedback
        fields = ["solved", "rating", "comment", "updated_at"]
        read_only_fields = fields


class PersonSerializer(serializers.Serializer[Any]):
    email = serializers.CharField()
    name = serializers.CharField(help_text="Empty if nobody told it.")
    verified = serializers.BooleanField(help_text="False: the address is only a claim.")


class DeskSerializer(serializers.Serializer[Any]):
    """What only the team sees of a ticket."""

    assignee_email = serializers.CharField(allow_null=True)
    team = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    fields_ = serializers.DictField(
        child=serializers.CharField(), help_text="The house's own fields that are filled in, by name."
    )
    snoozed_until = serializers.DateTimeField(allow_null=True)
    quarantined = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        """``fields`` is a name that the framework has for itself."""
        found: dict[str, Any] = dict(super().get_fields())
        found["fields"] = found.pop("fields_")
        return found


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    """A row of a list."""

    id = serializers.CharField(source="reference", read_only=True)
    priority = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="The ticket's page.")

    class Meta:
        model = Ticket
        fields = [
            "id", "subject", "status", "channel", "priority", "escalation_reason", "human_requested",
            "created_at", "updated_at", "resolved_at", "closed_at", "url",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField([one.name.lower() for one in Urgency]))
    def get_priority(self, ticket: Ticket) -> str:
        return Urgency(ticket.urgency).name.lower()

    def get_url(self, ticket: Ticket) -> str:
        return f"{settings.SITE_URL}{ticket.get_absolute_url()}"


class TicketDetailSerializer(Telling, TicketSerializer):
    """A ticket with its conversation; notes only for agents."""

    requester = serializers.SerializerMethodField()
    follow_up_of = serializers.SerializerMethodField(help_text="The ticket before it, if there is one.")
    assignee = serializers.SerializerMethodField(help_text="Name of the agent in charge, if there is one.")
    merged_into = serializers.SerializerMethodField(
        help_text="Set where the ticket goes on in another one: write there."
    )
    messages = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField()
    desk = serializers.SerializerMethodField(help_text="For agents; null for everybody else.")

    class Meta(TicketSerializer.Meta):
        fields = [
            *TicketSerializer.Meta.fields,
            "requester",
            "assignee",
            "follow_up_of",
            "merged_into",
            "messages",
            "feedback",
            "desk",
        ]

    def get_follow_up_of(self, ticket: Ticket) -> str | None:
        return ticket.follow_up_of.reference if ticket.follow_up_of else None

    def get_merged_into(self, ticket: Ticket) -> str | None:
        return ticket.merged_into.reference if ticket.merged_into else None

    @extend_schema_field(PersonSerializer)
    def get_requester(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "email": ticket.requester_email,
            "name": ticket.requester_name,
            "verified": ticket.sender_verified,
        }

    def get_assignee(self, ticket: Ticket) -> str | None:
        return ticket.assignee.name if ticket.assignee else None

    @extend_schema_field(MessageSerializer(many=True))
    def get_messages(self, ticket: Ticket) -> Any:
        messages: Iterable[Message]
        if ticket.opening is not None:
            messages = [ticket.opening]
        else:
            said = readable_on(over_api(self.context["request"]), ticket)
            messages = said.select_related("author").prefetch_related("attachments")
        return [MessageSerializer.tell(message, self.context) for message in messages]

    @extend_schema_field(FeedbackSerializer(allow_null=True))
    def get_feedback(self, ticket: Ticket) -> Any:
        feedback = getattr(ticket, "feedback", None) if ticket.opening is None else None
        return FeedbackSerializer(feedback).data if feedback else None

    @extend_schema_field(DeskSerializer(allow_null=True))
    def get_desk(self, ticket: Ticket) -> Any:
        person = over_api(self.context["request"]).person
        if person is None or not may_see(person, ticket.team_id):
            return None
        snooze = Snooze.objects.filter(ticket=ticket.pk).first()
        facts = {
            "assignee_email": ticket.assignee.email if ticket.assignee else None,
            "team": ticket.team.name if ticket.team else None,
            "tags": tags_of([ticket.pk]).get(ticket.pk, []),
            "fields": held_by(ticket),
            "snoozed_until": snooze.until if snooze else None,
            "quarantined": ticket.is_quarantined,
        }
        return DeskSerializer(facts).data
