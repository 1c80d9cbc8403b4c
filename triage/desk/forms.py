"""One form per action of an agent or supervisor. What they clean are the domain's own types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date

from accounts.models import User
from tickets.desk import snoozing
from tickets.models import Urgency
from tickets.teams.models import Team
from tickets.web.forms import FilesField, WrittenField
from triage.answers import language_tags
from triage.answers.variables import gaps_in
from triage.core.types import Stance
from triage.desk import intents
from triage.models import Answer, Example, Intent, fingerprint


def writing(label: str, missing: str, rows: int) -> WrittenField:
    return WrittenField(
        max_length=settings.MESSAGE_MAX_CHARS,
        widget=forms.Textarea({"class": "desk-text", "rows": rows, "aria-label": label}),
        error_messages={"required": missing},
    )


class ReplyForm(forms.Form):
    """``seen`` is the last message that the page showed: what came later must be read before sending.

    ``page`` is the page's own name, so that the same reply sent twice from it is known as one.
    """

    prefix = "reply"
    body = writing("Reply to the requester", "Write the reply first.", 3)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    page = forms.UUIDField(widget=forms.HiddenInput)

    def clean_body(self) -> str:
        """A suggestion with a gap is no letter yet."""
        body: str = self.cleaned_data["body"]
        gaps = ", ".join(fact.gap for fact in gaps_in(body))
        if gaps:
            raise ValidationError(f"Fill in {gaps} first: the house has not said it.", code="gap")
        return body


class ResolveForm(forms.Form):
    """``seen`` as in ReplyForm; who sends none has seen nothing."""

    prefix = "resolve"
    seen = forms.IntegerField(min_value=0, required=False)


class NoteForm(forms.Form):
    prefix = "note"
    body = writing("Internal note", "Write the note first.", 3)


class FilesForm(forms.Form):
    """Files are kept with the draft as soon as they are chosen; sending takes them along."""

    prefix = "reply"  # or note
    files = FilesField()  # type: ignore[assignment]  # the form's own ``files`` is another thing


class SnoozeForm(forms.Form):
    until = forms.CharField(max_length=20)

    def clean_until(self) -> datetime:
        """One of the moments that are offered, or a date: then its morning."""
        chosen = self.cleaned_data["until"]
        offered = snoozing.moments()
        if chosen in offered:
            return offered[chosen][1]
        try:
            day = parse_date(chosen)
        except ValueError:
            day = None
        if day is None:
            raise ValidationError("Choose until when, or a date.")
        return timezone.make_aware(datetime.combine(day, snoozing.MORNING))


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="Nobody: back to the queue"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignee"]
        field.queryset = User.objects.staff().order_by("name", "email")  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    """Any team: whoever cannot see it may hand a ticket to it all the same."""

    team = forms.ModelChoiceField(Team.objects.all(), required=False, empty_label="No team")


class UrgencyForm(forms.Form):
    urgency = forms.TypedChoiceField(
        choices=Urgency.choices, coerce=lambda raw: Urgency(int(raw)), widget=forms.Select
    )


class CorrectForm(forms.Form):
    """An intent by its code, its title, or words that stand in one title only."""

    candidates: Sequence[Intent] = ()
    intent = forms.CharField(
        max_length=120, error_messages={"required": "Name the intent, or choose “None of ours”."}
    )

    def clean_intent(self) -> Intent:
        found = intents.named(self.cleaned_data["intent"])
        if found.intent is None:
            self.candidates = found.candidates
            raise ValidationError(found.advice)
        return found.intent


class SimulatorForm(forms.Form):
    subject = WrittenField(
        max_length=200, required=False, widget=forms.TextInput({"placeholder": "Optional"})
    )
    body = WrittenField(
        max_length=settings.MESSAGE_MAX_CHARS,
        label="Message",
        widget=forms.Textarea(
            {"class": "desk-text", "rows": 8, "placeholder": "Paste what a customer wrote"}
        ),
    )


class AnswerForm(forms.ModelForm):
    """A language in which no ticket could be is refused: its answer would never be sent."""

    class Meta:
        model = Answer
        fields = ["intent", "language", "body", "guest_body", "summary"]

    def clean_language(self) -> str:
        return language_tags.canonical(self.cleaned_data["language"])


class ExampleForm(forms.ModelForm):
    """Says before saving that a text is already there, and under which intent."""

    class Meta:
        model = Example
        fields = ["text", "intent", "stance", "topic", "is_active"]

    def clean_topic(self) -> str:
        topic: str = self.cleaned_data["topic"]
        if topic and self.cleaned_data.get("stance") != Stance.GRAVE:
            raise ValidationError(
                "Only a grave text has a topic. Empty it, or choose the stance Grave.", code="topic"
            )
        return topic

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        same = Example.objects.filter(fingerprint=fingerprint(text)).exclude(pk=self.instance.pk)
        known = same.select_related("intent").first()
        if known is not None:
            place = f"“{known.intent}”" if known.intent else "out of scope"
            raise ValidationError(f"This text is already an example of {place}.", code="duplicate")
        return text
