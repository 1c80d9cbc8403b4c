"""Languages: what holds and what is missing in each, and the page where an approved answer is translated.

Anybody of the team may translate, by hand or from what the language model proposes. What they keep is a draft: only a
supervisor’s yes makes it an answer.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.admin import is_supervisor
from accounts.limits.spending import LimitReached, spend
from tickets.errors import TicketError
from triage.admin.access import page
from triage.admin.desk.shell import agents_only, who
from triage.answers import language_tags, variables
from triage.drafts import answers as proposing
from triage.drafts import limits
from triage.drafts.faults import WORDS
from triage.drafts.models import Proposal
from triage.models import Answer
from triage.oversight import languages
from triage.oversight.ladder import target_error

SHOWN = 100  # rows of a list; the rest stands behind a filter of the intents


@agents_only
@require_safe
def languages_page(request: HttpRequest) -> HttpResponse:
    found = languages.overview()
    row = found.row(request.GET.get("in", ""))
    missing = languages.missing_in(row.tag) if row else []
    return page(
        request, "triage/languages.html", "Languages", found=found, row=row, target=target_error(),
        missing=missing[:SHOWN], more=max(0, len(missing) - SHOWN),
        outdated=languages.outdated_in(row.tag) if row else [], supervises=is_supervisor(request),
    )  # fmt: skip


class TranslationForm(forms.ModelForm):
    """The texts of an answer in another language, with the same variables as the original."""

    class Meta:
        model = Answer
        fields = Answer.TEXTS

    def __init__(self, data: Any, *, original: Answer, tag: str, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial)
        self.original, self.tag = original, tag
        for name in Answer.TEXTS:
            text, field = getattr(original, name), self.fields[name]
            if not text:
                del self.fields[name]
                continue
            rows = min(18, 2 + text.count("\n") + len(text) // 60)
            field.widget.attrs |= {"lang": tag, "class": "desk-text", "rows": rows, "dir": "auto"}
            field.required = True

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        for name in self.fields:
            if name not in said:
                continue
            try:
                variables.check_language(said[name], self.tag)
                _check_variables(getattr(self.original, name), said[name])
            except ValidationError as error:
                self.add_error(name, error)
        return said

    @property
    def sides(self) -> list[tuple[forms.BoundField, str]]:
        """Each field with its original."""
        return [(self[name], getattr(self.original, name)) for name in self.fields]


def _check_variables(original: str, said: str) -> None:
    """What stands in curly brackets is the house’s word: a translation neither loses nor adds one."""
    wanted, told = (
        {*variables.PLACEHOLDER.findall(text)} - {*variables.IN_LANGUAGES} for text in (original, said)
    )
    for lost in sorted(wanted - told):
        raise ValidationError(f"{{{lost}}} is in the original and not here.", code="lost_variable")
    for added in sorted(told - wanted):
        raise ValidationError(f"{{{added}}} is not in the original.", code="added_variable")


@agents_only
@require_http_methods(["GET", "POST"])
def translate(request: HttpRequest, answer_id: int) -> HttpResponse:
    """One answer beside its translation: propose by the model, or write; keep it as a draft."""
    asked = get_object_or_404(Answer.objects.select_related("intent"), pk=answer_id)
    tag = _tag(request)
    original = languages.original_of(asked.intent)
    if original is None or original.is_in(tag):
        raise Http404("There is nothing to translate.")
    if request.method != "POST":
        if original.pk != asked.pk:
            return redirect(_address(original, tag))
        return _shown(request, original, _form(None, original, tag))
    form = _form(request.POST, original, tag)
    if request.POST.get("step") == "propose":
        return _proposed(request, original, tag)
    if original.pk != asked.pk:
        messages.warning(
            request, "The original has changed while you wrote. Compare your text with the new one."
        )
    elif form.is_valid():
        draft = _keep(form, request)
        messages.success(
            request, f"{draft} is kept as a draft. It is sent once a supervisor has approved it."
        )
        if is_supervisor(request):
            return redirect("admin:triage_answer_change", draft.pk)
        return redirect(f"{reverse('triage-languages')}?{urlencode({'in': language_tags.base(tag)})}")
    return _shown(request, original, form, status=400)


def _tag(request: HttpRequest) -> str:
    """The language to translate into. Http404 where no ticket could be in it."""
    try:
        return language_tags.canonical(request.POST.get("into") or request.GET.get("into", ""))
    except ValidationError as error:
        raise Http404("No such language.") from error


def _address(original: Answer, tag: str) -> str:
    return f"{reverse('triage-translate', args=[original.pk])}?{urlencode({'into': tag})}"


def _form(data: Any, original: Answer, tag: str) -> TranslationForm:
    """Begins with the newest draft of this original, else with what the model has proposed, else with the text before."""
    return TranslationForm(data, original=original, tag=tag, initial=_begun(original, tag))


def _begun(original: Answer, tag: str) -> dict[str, str]:
    same = Answer.objects.filter(intent=original.intent_id, language=tag).order_by("-version")
    draft = same.filter(state=Answer.State.DRAFT, translated_from=original).first()
    proposal = proposing.newest(original, tag)
    is_ready = proposal is not None and proposal.state == Proposal.State.READY
    if proposal is not None and is_ready and (draft is None or draft.created_at < proposal.created_at):
        return proposing.texts(proposal)
    before = draft or same.first()
    return {name: getattr(before, name) for name in Answer.TEXTS} if before else {}


def _proposed(request: HttpRequest, original: Answer, tag: str) -> HttpResponse:
    """Ask the model; what stands in the form stays there until its proposal is looked at."""
    try:
        if not limits.is_on():
            raise Http404("No language model is set up.")
        spend(request, "draft", person=who(request))
        proposing.ask_for_answer(original, tag, who(request))
    except (TicketError, LimitReached) as refusal:
        messages.warning(request, str(refusal))
        typed = {name: request.POST.get(name, "") for name in Answer.TEXTS}
        return _shown(request, original, TranslationForm(None, original=original, tag=tag, initial=typed))
    return redirect(_address(original, tag))


def _keep(form: TranslationForm, request: HttpRequest) -> Answer:
    """A draft of whoever wrote it: their own of the same original is written anew, anybody else’s stays."""
    own = {
        "intent": form.original.intent,
        "language": form.tag,
        "translated_from": form.original,
        "drafted_by": who(request),
    }
    draft = Answer.objects.filter(**own, state=Answer.State.DRAFT).order_by("-version").first() or Answer(
        **own
    )
    for name in form.fields:
        setattr(draft, name, form.cleaned_data[name])
    draft.save()
    return draft


def _shown(request: HttpRequest, original: Answer, form: TranslationForm, status: int = 200) -> HttpResponse:
    proposal = proposing.newest(original, form.tag) if limits.is_on() else None
    late = proposal is not None and proposal.is_overdue
    response = page(
        request, "triage/translate.html", f"Translate “{original.intent}”", original=original, form=form, into=form.tag,
        language=languages.name_of(language_tags.base(form.tag)), may_propose=limits.is_on(), proposal=proposal,
        waiting=proposal is not None and proposal.state == Proposal.State.WAITING and not late,
        failed=WORDS["late"] if late else WORDS.get(proposal.failure, "") if proposal else "",
    )  # fmt: skip
    response.status_code = status
    return response
