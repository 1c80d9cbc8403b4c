"""Tickets as programs send and see them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.mailboxes import AddressApiField
from accounts.models import User
from accounts.names import validate_name
from tickets.access import over_api, readable_on
from tickets.errors import AttachmentRefused
from tickets.intake import attachments
from tickets.intake.written import as_written
from tickets.models import Attachment, Feedback, Message, Status, Ticket
from tickets.querysets import TicketFilter
from tickets.search import query


class WrittenField(serializers.CharField):
    """A text that a person wrote: plain line ends, and blank if nothing of it can be seen."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(as_written(data) if isinstance(data, str) else data)


class FilesMixin(serializers.Serializer[Any]):
    """Attachments, sent as multipart form data."""

    files = serializers.ListField(child=serializers.FileField(), required=False, default=list)

    def validate_files(self, files: list[Any]) -> list[Any]:
        try:
            attachments.check_all(files)
        except AttachmentRefused as error:
            raise serializers.ValidationError(str(error), code=error.code) from error
        return files


class SubmissionSerializer(FilesMixin):
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


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["name", "content_type", "size", "sha256", "url"]

    @extend_schema_field(serializers.CharField)
    def get_url(self, attachment: Attachment) -> str:
        return reverse("api-attachment", args=[attachment.token])


class MessageSerializer(serializers.ModelSerializer[Message]):
    author = serializers.SerializerMethodField(help_text="Shown name; empty for the machine.")
    internal = serializers.SerializerMethodField(help_text="True for notes, which only agents see.")
    attachments = AttachmentSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["id", "sender", "author", "internal", "body", "created_at", "attachments"]

    def get_author(self, message: Message) -> str:
        return message.author.name if message.author else ""

    def get_internal(self, message: Message) -> bool:
        return message.kind == Message.Kind.NOTE


class NewMessageSerializer(FilesMixin):
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


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    solved = serializers.BooleanField(required=False, allow_null=True, default=None)
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True, default=None)
    comment = WrittenField(max_length=2000, required=False, allow_blank=True, default="")

    class Meta:
        model = Feedback
        fields = ["solved", "rating", "comment", "updated_at"]
        read_only_fields = ["updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["solved"] is None and attrs["rating"] is None and not attrs["comment"]:
            raise serializers.ValidationError("Say at least one of: solved, rating, comment.")
        return attrs


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    """A row of a list."""

    id = serializers.CharField(source="reference", read_only=True)
    url = serializers.SerializerMethodField(help_text="The ticket's page.")

    class Meta:
        model = Ticket
        fields = [
            "id", "subject", "status", "channel", "escalation_reason", "human_requested",
            "created_at", "updated_at", "resolved_at", "closed_at", "url",
        ]  # fmt: skip

    def get_url(self, ticket: Ticket) -> str:
        return f"{settings.SITE_URL}{ticket.get_absolute_url()}"


class TicketDetailSerializer(TicketSerializer):
    """A ticket with its conversation; notes only for agents."""

    requester = serializers.SerializerMethodField()
    assignee = serializers.SerializerMethodField(help_text="Name of the agent in charge, if there is one.")
    follow_up_of: serializers.SlugRelatedField[Ticket] = serializers.SlugRelatedField(
        "reference", read_only=True
    )
    merged_into: serializers.SlugRelatedField[Ticket] = serializers.SlugRelatedField(
        "reference", read_only=True, help_text="Set where the ticket goes on in another one: write there."
    )
    messages = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField()

    class Meta(TicketSerializer.Meta):
        fields = [
            *TicketSerializer.Meta.fields,
            "requester",
            "assignee",
            "follow_up_of",
            "merged_into",
            "messages",
            "feedback",
        ]

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
        messages = readable_on(over_api(self.context["request"]), ticket)
        messages = messages.select_related("author").prefetch_related("attachments")
        return MessageSerializer(messages, many=True, context=self.context).data

    @extend_schema_field(FeedbackSerializer(allow_null=True))
    def get_feedback(self, ticket: Ticket) -> Any:
        feedback = getattr(ticket, "feedback", None)
        return FeedbackSerializer(feedback).data if feedback else None


class TicketFilterSerializer(serializers.Serializer[Any]):
    """Checks the filters of the ticket list."""

    status = serializers.MultipleChoiceField(choices=Status.choices, required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)
    search = serializers.CharField(
        max_length=query.LONGEST,
        required=False,
        help_text="Words of the conversation, “phrases”, parts of a name, an address or a reference, and filters: "
        "status: before: after:, with scope=all also from: assignee: and others.",
    )
    q = serializers.CharField(max_length=query.LONGEST, required=False, help_text="The same as search.")
    scope = serializers.ChoiceField(["own", "all"], default="own", help_text="Agents may ask for all.")

    @property
    def words(self) -> str:
        """What is searched for; empty if nothing is."""
        given = self.validated_data
        return f"{given.get('search', '')} {given.get('q', '')}".strip()

    def chosen(self) -> tuple[str, TicketFilter]:
        """Whose tickets, and what the list shows of them."""
        given = self.validated_data
        return given["scope"], TicketFilter(
            statuses=given.get("status", ()),
            created_after=given.get("created_after"),
            created_before=given.get("created_before"),
        )
