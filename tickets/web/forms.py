"""One form per thing that a customer does."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.limits.spending import LimitReached
from accounts.mailboxes import AddressFormField
from accounts.names import validate_name
from tickets.errors import AttachmentRefused
from tickets.intake import attachments
from tickets.intake.once import page_key, reply_key
from tickets.intake.submit import SUBJECT_LENGTH
from tickets.intake.written import as_written
from tickets.models import Attachment, Feedback, Status, Ticket
from tickets.querysets import TicketFilter
from tickets.search.query import LONGEST
from tickets.web.files import Taken

lazy_accept = lazy(attachments.accept, str)()


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, each checked against what is taken."""

    def __init__(self, **options: Any) -> None:
        widget = FilesInput(attrs={"accept": lazy_accept})
        super().__init__(widget=widget, required=False, allow_empty_file=True, **options)

    def clean(self, data: Sequence[UploadedFile[Any]], initial: Any = None) -> list[UploadedFile[Any]]:
        files = [super(FilesField, self).clean(file, initial) for file in data or []]
        try:
            attachments.check_all(files)
        except AttachmentRefused as error:
            raise forms.ValidationError(str(error), code=error.code) from error
        return files


lazy_hint = lazy(attachments.hint, str)()


class UploadsField(forms.Field):
    """Files that wait to be sent; the view took them in, see ``tickets.web.files``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=FilesInput(attrs={"accept": lazy_accept}), required=False, **options)


class WrittenField(forms.CharField):
    """A text that a person wrote. Its length is that of what is kept, which is how browsers count line ends."""

    def to_python(self, value: Any) -> str:
        return as_written(super().to_python(value) or "")


def text_area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class CountedForm(forms.Form):
    """A form whose sending is counted. ``wait``: in so many seconds it may be sent again, 0 where it may be."""

    wait = 0

    def refuse(self, refusal: LimitReached) -> None:
        """Keep what was typed and say why it was not taken."""
        self.wait = refusal.wait
        self.add_error(None, str(refusal))


class FormWithFiles(CountedForm):
    """A text with files. ``taken`` are those that came with it: each is kept, whatever else is wrong.

    ``once`` makes a second click the same message.
    """

    def __init__(self, *args: Any, taken: Taken | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = taken or Taken()

    def clean_attachments(self) -> Sequence[Attachment]:
        if self.taken.refused:
            raise forms.ValidationError([*self.taken.refused], code="file")
        return self.taken.files


class NewTicketForm(FormWithFiles):
    """What somebody who is logged in tells us."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    body = WrittenField(
        label=_("How can we help?"),
        help_text=_(
            "One question at a time gets the quickest answer. Please leave out passwords and card numbers."
        ),
        max_length=settings.MESSAGE_MAX_CHARS,
        widget=text_area(7),
        error_messages={"required": _("Tell us how we can help.")},
    )
    subject = WrittenField(
        label=_("Subject"),
        help_text=_("A few words to find it by later."),
        max_length=SUBJECT_LENGTH,
        required=False,
    )
    attachments = UploadsField(label=_("Attach files"), help_text=lazy_hint)
    human_requested = forms.BooleanField(
        label=_("I’d like a person to answer"),
        help_text=_("You won’t get an automatic answer, even if we have one."),
        required=False,
    )

    def once_key(self, sender: str) -> str:
        written = self.cleaned_data
        return page_key(written.get("once"), sender, written["subject"], written["body"])


class FollowUpForm(NewTicketForm):
    """The same after an earlier ticket, to the same address."""

    def __init__(self, earlier: Ticket, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.earlier = earlier


class GuestTicketForm(NewTicketForm):
    """The same for somebody without an account, who tells where the answer goes."""

    email = AddressFormField(
        label=_("Your email address"),
        help_text=_("We’ll send our answer there, with a private link to it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("We need an email address to answer you.")},
    )
    name = WrittenField(
        label=_("Your name"),
        help_text=_("What should we call you?"),
        max_length=120,
        required=False,
        validators=[validate_name],  # it goes into mail to an address that nobody has proved to own
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class ReplyForm(FormWithFiles):
    """A half-written reply outlives the replacement of the page's parts around it."""

    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    body = WrittenField(
        label=_("Your reply"),
        max_length=settings.MESSAGE_MAX_CHARS,
        widget=text_area(5, **{"hx-preserve": "true", "autocomplete": "off"}),
        error_messages={"required": _("Write your reply first.")},
    )
    attachments = UploadsField(label=_("Attach files"), help_text=lazy_hint)

    def key(self, ticket: Ticket) -> str:
        return reply_key(self.cleaned_data.get("once"), ticket, self.cleaned_data["body"])


class FeedbackForm(forms.Form):
    """Yes or no, or stars and words afterwards; at least one of them."""

    SOLVED = {"yes": True, "no": False}
    RATINGS = [(5, _("Excellent")), (4, _("Good")), (3, _("All right")), (2, _("Poor")), (1, _("Bad"))]

    solved = forms.ChoiceField(choices=[(word, word) for word in SOLVED], required=False)
    rating = forms.TypedChoiceField(
        label=_("How was our answer?"),
        choices=RATINGS,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = WrittenField(
        label=_("Anything you’d like to add?"),
        max_length=Feedback._meta.get_field("comment").max_length,
        required=False,
        widget=text_area(2),
    )

    def clean_solved(self) -> bool | None:
        return self.SOLVED.get(self.cleaned_data["solved"])

    def clean(self) -> dict[str, Any]:
        given = [value for value in self.cleaned_data.values() if value not in (None, "")]
        if not given and not self.errors:
            raise forms.ValidationError(gettext("Choose a rating or write a few words."), code="empty")
        return self.cleaned_data


UNREAD: Final = "unread"


class TicketFilterForm(forms.Form):
    """What "my tickets" shows. Anything unknown counts as no filter."""

    SHOW = {
        "all": (_("All"), tuple(Status)),
        UNREAD: (_("New replies"), tuple(Status)),
        "open": (_("With us"), (Status.OPEN, Status.ESCALATED)),
        "waiting": (_("Waiting for you"), (Status.PENDING,)),
        "answered": (_("Answered"), (Status.AUTO_RESOLVED, Status.RESOLVED)),
        "closed": (_("Closed"), (Status.CLOSED,)),
    }

    q = forms.CharField(label=_("Search my tickets"), max_length=LONGEST, required=False)
    show = forms.ChoiceField(choices=[(key, label) for key, (label, _) in SHOW.items()], required=False)

    def chosen(self) -> tuple[str, TicketFilter]:
        """The key of the status group, and what the list shows."""
        self.is_valid()
        show = self.cleaned_data.get("show") or "all"
        statuses = () if show in {"all", UNREAD} else self.SHOW[show][1]
        return show, TicketFilter(statuses=statuses)

    @property
    def words(self) -> str:
        """What is searched for, once ``chosen`` was asked."""
        return self.cleaned_data.get("q", "")
