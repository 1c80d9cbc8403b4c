"""Supervisors' pages: calendars with their hours and holidays, and what is promised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from accounts.admin import SupervisorsEdit, is_supervisor, reads_house
from tickets.service import holiday_sources, words
from tickets.service.models import Awaited, Calendar, Holiday, Opening, Target
from tickets.service.targets import promised
from tickets.states import Urgency

SHOWN_BEFORE = timedelta(days=31)


class ServiceInline(TabularInline):
    """Rows that supervisors edit in place."""

    extra = 0
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reads_house(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)

    has_add_permission = has_delete_permission = has_change_permission

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In a table the column's head is no label to a screen reader."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field


class OpeningInline(ServiceInline):
    model = Opening
    fields = ["weekday", "opens", "closes"]
    verbose_name_plural = "Opening hours (a day without a row is closed)"


class HolidayInline(ServiceInline):
    model = Holiday
    fields = ["day", "name", "source"]
    readonly_fields = ["source"]
    verbose_name_plural = "Holidays from now on"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holiday]:
        return super().get_queryset(request).filter(day__gte=timezone.now().date() - SHOWN_BEFORE)


class CalendarForm(forms.ModelForm):
    file = forms.FileField(
        label="Import holidays",
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".ics,text/calendar"}),
        help_text="A calendar file (iCal, .ics): its whole-day events become holidays.",
    )

    class Meta:
        model = Calendar
        fields = ["name", "time_zone", "is_default", "tells_hours", "country", "subdivision"]

    def _get_validation_exclusions(self) -> set[str]:
        """That only one is the default is no mistake of the form: choosing one ends the other."""
        return {*super()._get_validation_exclusions(), "is_default", "tells_hours"}  # type: ignore[misc]

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).strip().upper()

    def clean_file(self) -> str:
        file = self.cleaned_data.get("file")
        if not file:
            return ""
        if file.size > holiday_sources.LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 1 MB. Take one with holidays only.")
        text = file.read().decode("utf-8", errors="replace")
        try:
            holiday_sources.read_ical(text)
        except holiday_sources.HolidaysRefused as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def clean(self) -> dict[str, Any]:
        super().clean()
        country, region = self.cleaned_data.get("country", ""), self.cleaned_data.get("subdivision", "")
        if country:
            year = timezone.now().year
            try:
                holiday_sources.public_holidays(country, region, range(year, year + 1))
            except holiday_sources.HolidaysRefused as error:
                self.add_error("subdivision" if "region" in str(error) else "country", str(error))
        elif region:
            self.add_error("country", "Name the country of this region too.")
        return self.cleaned_data


@admin.register(Calendar)
class CalendarAdmin(SupervisorsEdit):
    auditors_read = True
    form = CalendarForm
    inlines = [OpeningInline, HolidayInline]
    list_display = ["name", "week", "time_zone", "is_default", "next_holiday"]
    fields = [
        "name", "time_zone", "week", "is_default", "tells_hours", "country", "subdivision", "file",
    ]  # fmt: skip
    readonly_fields = ["week"]

    @admin.display(description="Open")
    def week(self, calendar: Calendar) -> str:
        return words.week_in_words(calendar.hours) if calendar.pk else "–"

    @admin.display(description="Next holiday")
    def next_holiday(self, calendar: Calendar) -> str:
        first = calendar.holidays.filter(day__gte=timezone.now().astimezone(calendar.zone).date()).first()
        return f"{first.day:%a} {first.day.day} {first.day:%b %Y}: {first.name}" if first else "–"

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """The default stays until another is: targets would promise nothing."""
        return is_supervisor(request) and not (obj is not None and obj.is_default)

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        for flag in ("is_default", "tells_hours"):
            if getattr(obj, flag):
                Calendar.objects.exclude(pk=obj.pk).filter(**{flag: True}).update(**{flag: False})
        super().save_model(request, obj, form, change)
        if not Calendar.objects.filter(is_default=True).exists():
            messages.warning(
                request, "No calendar is the default: targets without one of their own promise nothing."
            )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        calendar: Calendar = form.instance
        new = 0
        if {"country", "subdivision"} & set(form.changed_data):
            new += holiday_sources.take_public_holidays(calendar)
        if form.cleaned_data.get("file"):
            new += holiday_sources.take_file(calendar, form.cleaned_data["file"])
        if new:
            messages.success(request, f"{new} holidays are new in this calendar.")


class AmountField(forms.CharField):
    """Working time as people write it; gives minutes."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "e.g. 4 h", "autocomplete": "off"})
        super().__init__(required=False, max_length=30, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return words.amount_in_words(timedelta(minutes=value)) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        try:
            return words.read_amount(super().clean(value))
        except ValueError as error:
            raise forms.ValidationError(str(error), code="amount") from error


class TargetForm(forms.ModelForm):
    first_reply = AmountField(help_text="From the team's queue to the first reply of a person.")
    next_reply = AmountField(help_text="From a customer's later message to a person's reply.")
    resolution = AmountField(
        help_text="Time with the team until it is resolved; waiting for the customer does not count."
    )

    class Meta:
        model = Target
        fields = ["urgency", "calendar", "first_reply", "next_reply", "resolution"]


@admin.register(Target)
class TargetAdmin(SupervisorsEdit):
    auditors_read = True
    form = TargetForm
    list_display = ["urgency", "first_told", "next_told", "resolution_told", "of", "now_due"]
    list_select_related = ["calendar"]
    readonly_fields = ["now_due"]
    fields = ["urgency", "calendar", *Awaited.values, "now_due"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request) and Target.objects.count() < len(Urgency.values)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Emptied, a target promises nothing; the row stays, so that each urgency is seen."""
        return False

    @admin.display(description="First reply")
    def first_told(self, target: Target) -> str:
        return _amount(target.first_reply)

    @admin.display(description="Next reply")
    def next_told(self, target: Target) -> str:
        return _amount(target.next_reply)

    @admin.display(description="Resolution")
    def resolution_told(self, target: Target) -> str:
        return _amount(target.resolution)

    @admin.display(description="Working hours")
    def of(self, target: Target) -> str:
        known = promised(target.urgency)
        return f"{words.week_in_words(known.hours)} ({known.hours.zone})" if known else "no default calendar"

    @admin.display(description="A message that comes in now")
    def now_due(self, target: Target) -> str:
        known = promised(target.urgency) if target.pk else None
        amount = known.amount(Awaited.FIRST_REPLY) if known else None
        if known is None or amount is None:
            return "nothing is promised"
        now = timezone.now()
        due = known.hours.add(now, amount)
        told = words.arithmetic(known.hours, amount, now, due)
        return f"{words.moment(known.hours, due)} ({told})" if due else told


def _amount(minutes: int | None) -> str:
    return words.amount_in_words(timedelta(minutes=minutes)) if minutes else "–"
