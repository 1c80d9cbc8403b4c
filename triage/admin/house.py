"""“Set up your house”: what only the house can say, and its yes to each letter that is to be sent by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signin.powers import power
from triage.admin.access import page, supervisors_only
from triage.answers import facts, house, language_tags
from triage.answers.preview import readings
from triage.models import Answer, Intent, Mode
from triage.oversight import ladder, versions

CHANGES_SHOWN = 10


# --- the form ------------------------------------------------------------------------------------------


class FactField(forms.CharField):
    """Takes what the fact's kind takes, in any of the ways a person writes it."""

    def __init__(self, fact: house.Fact) -> None:
        self.fact = fact
        super().__init__(
            label=fact.question, required=False, strip=True, widget=_widget(fact), help_text=fact.hint
        )

    def clean(self, value: Any) -> str:
        said = super().clean(value)
        return house.clean(self.fact, said) if said else ""

    def prepare_value(self, value: Any) -> Any:
        return value.replace("\n", ", ") if self.fact.kind is house.Kind.LIST and value else value


def _widget(fact: house.Fact) -> forms.Widget:
    if fact.kind is house.Kind.YES_NO:
        return forms.Select(choices=[("", "Not said yet"), ("yes", "Yes"), ("no", "No")])
    attributes = {"placeholder": f"e.g. {fact.example}"}
    if fact.kind in {house.Kind.LIST, house.Kind.TEXT}:
        return forms.Textarea({**attributes, "rows": 2, "class": "desk-text"})
    modes = {house.Kind.LINK: "url", house.Kind.PHONE: "tel"}
    return forms.TextInput({**attributes, "inputmode": modes.get(fact.kind, "text")})


class HouseForm(forms.Form):
    """Every fact, those in words in one language."""

    def __init__(self, data: Mapping[str, Any] | None, known: house.House, language: str) -> None:
        self.known, self.language = known, language
        initial = {fact.key: known.value(fact.key, language) for fact in house.FACTS}
        super().__init__(data, initial=initial)
        for fact in house.FACTS:
            self.fields[fact.key] = FactField(fact)
        if (house.HOURS, language) in facts.told_by_calendar():
            self.fields[house.HOURS].disabled = True
            self.fields[
                house.HOURS
            ].help_text = "Comes from the calendar that tells its hours: House, Working hours."

    @transaction.atomic
    def save(self, by: User) -> int:
        """Keep what was said; how many facts that changed."""
        said = self.cleaned_data.items()
        return sum(facts.set_fact(key, value, language=self.language, by=by) for key, value in said)

    def as_house(self) -> house.House:
        """The house as it would be; what is not right yet counts as not said."""
        if not self.is_bound:
            return self.known
        self.is_valid()
        values = dict(self.known.values)
        for key in house.BY_KEY:
            place = facts.place(key, self.language)[1]
            values.pop((key, place), None)
            if self.cleaned_data.get(key):
                values[key, place] = self.cleaned_data[key]
        return house.House(values)


# --- what the page shows ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A fact in the form, with the answers that wait for it."""

    fact: house.Fact
    field: forms.BoundField
    needed_by: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """An answer as each customer will read it, and what stands between it and being sent by itself."""

    answer: Answer
    missing: Sequence[house.Fact]
    forms: Sequence[tuple[str, str]]

    @property
    def is_draft(self) -> bool:
        return self.answer.state == Answer.State.DRAFT

    @property
    def is_auto(self) -> bool:
        return self.answer.intent.mode == Mode.AUTO

    @property
    def is_meant(self) -> bool:
        return self.answer.intent.meant_for_auto

    @property
    def may_go_auto(self) -> bool:
        ready = bool(self.answer.reviewed_at) and not self.missing and not self.is_draft
        return ready and self.is_meant and not self.is_auto


def show(answer: Answer, known: house.House) -> Shown:
    return Shown(answer, answer.missing_facts(known), list(readings(answer, known)))


def answers_in(language: str) -> list[Answer]:
    """The approved texts in a language, and drafts where there is no approved one."""
    live = Answer.objects.filter(state__in=[Answer.State.APPROVED, Answer.State.DRAFT])
    newest: dict[int, Answer] = {}
    for answer in live.select_related("intent").order_by("intent__title", "state", "-version"):
        if answer.is_in(language):
            newest.setdefault(answer.intent_id, answer)  # "approved" comes before "draft"
    return list(newest.values())


def letters(language: str, known: house.House) -> list[Shown]:
    """Those that lack a fact first, then those that nobody has read; in each the ones meant for Auto first."""
    shown = [show(answer, known) for answer in answers_in(language)]
    return sorted(shown, key=lambda one: (not one.missing, bool(one.answer.reviewed_at), not one.is_meant))


def languages() -> list[str]:
    """The house's own language first, then those in which there is any text."""
    house_language = language_tags.base(settings.TRIAGE_LANGUAGE)
    live = Answer.objects.exclude(state=Answer.State.RETIRED).order_by().values_list("language").distinct()
    others = {language_tags.base(tag) for (tag,) in live} - {house_language}
    return [house_language, *sorted(others)]


def _language(request: HttpRequest) -> str:
    offered = languages()
    wanted = request.POST.get("language") or request.GET.get("language", "")
    return wanted if wanted in offered else offered[0]


# --- views -----------------------------------------------------------------------------------------------


@supervisors_only
@power()
def house_page(request: HttpRequest) -> HttpResponse:
    language = _language(request)
    form = HouseForm(request.POST if request.method == "POST" else None, facts.current(), language)
    if form.is_bound and form.is_valid():
        with versions.changing("facts", by=cast(User, request.user)):
            changed = form.save(cast(User, request.user))
        said = f"{changed} facts are new or different; they count from the next ticket on."
        messages.success(request, said if changed else "Nothing was different.")
        return redirect(f"{reverse('triage-house')}?language={language}")
    shown = letters(language, form.known)
    response = page(
        request, "triage/house.html", "Set up your house", form=form, language=language,
        languages=languages(), groups=list(_grouped(form, shown)), shown=shown,
        lacking=sum(bool(one.missing) for one in shown),
        unread=sum(one.answer.reviewed_at is None for one in shown),
        changes=facts.HouseFactChange.objects.select_related("by")[:CHANGES_SHOWN],
    )  # fmt: skip
    response.status_code = 400 if form.errors else 200
    return response


def _grouped(form: HouseForm, shown: Sequence[Shown]) -> Iterator[tuple[str, list[Asked]]]:
    needs = [(one.answer.intent.title, one.answer.letter) for one in shown]
    for group in house.Group:
        asked = []
        for fact in house.FACTS:
            if fact.group is group:
                by = [
                    title
                    for title, letter in needs
                    if fact.key in letter.needs or (fact.key == house.ACCOUNTS and letter.guest)
                ]
                asked.append(Asked(fact, form[fact.key], by))
        yield group.value, asked


@supervisors_only
@require_POST
def house_preview(request: HttpRequest) -> HttpResponse:
    """The letters with what stands in the form, before it is kept."""
    language = _language(request)
    known = HouseForm(request.POST, facts.current(), language).as_house()
    shown = letters(language, known)
    return render(request, "triage/house_answers.html", {"shown": shown, "unsaved": True})


@supervisors_only
@require_POST
def read_answer(request: HttpRequest, answer_id: int) -> HttpResponse:
    """“I have read it”: the house's yes to one version of one text."""
    answer = get_object_or_404(Answer.objects.select_related("intent"), pk=answer_id)
    if answer.state != Answer.State.APPROVED:
        messages.error(request, "This version is not the approved one any more. Read the one below.")
    else:
        answer.mark_read(cast(User, request.user))
        messages.success(request, f"You have read the answer to “{answer.intent}”.")
    return _back_to(answer)


@supervisors_only
@require_POST
@power()
def automate(request: HttpRequest, answer_id: int) -> HttpResponse:
    """Put the intent on Auto, if its letters were read, this one lacks nothing and the evidence is enough."""
    answer = get_object_or_404(Answer.objects.select_related("intent"), pk=answer_id)
    intent: Intent = answer.intent
    try:
        if not show(answer, facts.current()).may_go_auto:
            raise ladder.Refused("It is not ready: read it, and say the facts that it lacks.")
        messages.success(request, ladder.set_mode(intent, Mode.AUTO, by=cast(User, request.user)))
    except ladder.Refused as refusal:
        messages.error(request, str(refusal))
        if not ladder.evidence(intent).holds and show(answer, facts.current()).may_go_auto:
            return redirect("oversight-intent", intent.pk)  # where the reason for an override is written
    return _back_to(answer)


def _back_to(answer: Answer) -> HttpResponse:
    language = language_tags.base(answer.language)
    return redirect(f"{reverse('triage-house')}?language={language}#answer-{answer.intent_id}")
