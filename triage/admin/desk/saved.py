"""Saving what a list shows under a name: for oneself, or by supervisors for everybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.admin import is_supervisor
from accounts.models import User
from tickets.access import Viewer
from tickets.desk.models import SavedView
from tickets.errors import TicketError
from tickets.search.find import filtered
from tickets.search.find import read as read_words
from triage.admin.desk.shell import who
from triage.desk import intents, queue, selection


class SaveForm(forms.Form):
    name = forms.CharField(max_length=40, error_messages={"required": "Give the view a name."})
    base = forms.ChoiceField(choices=[(name, name) for name in queue.VIEWS])
    words = forms.CharField(max_length=200, required=False)
    order = forms.ChoiceField(
        choices=[("", ""), *((name, name) for name in selection.ORDERS)], required=False
    )
    facts = forms.MultipleChoiceField(choices=list(selection.FACTS.items()), required=False)
    intent = forms.CharField(max_length=120, required=False)
    agent = forms.CharField(max_length=120, required=False)
    reason = forms.CharField(max_length=120, required=False)
    team = forms.CharField(max_length=120, required=False)
    field = forms.CharField(max_length=120, required=False)
    shared = forms.BooleanField(required=False)

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def __init__(self, agent: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = agent

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        try:
            filtered(read_words(words, staff=True), Viewer(self.person))
        except TicketError as error:
            raise forms.ValidationError(str(error)) from error
        return words

    def clean_intent(self) -> str:
        """By its code, which stays when its title is changed."""
        named: str = self.cleaned_data["intent"]
        if not named:
            return ""
        found = intents.named(named)
        if found.intent is None and not found.none_of_ours:
            raise forms.ValidationError(found.advice)
        return found.intent.slug if found.intent else named


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep it; a view of this name that the agent may change is replaced."""
    agent = who(request)
    form = SaveForm(agent, request.POST)
    lists = reverse("admin:tickets_ticket_changelist")
    if not form.is_valid():
        for errors in form.errors.values():
            messages.warning(request, " ".join(map(str, errors)))
        return redirect(lists)
    said = form.cleaned_data
    shared = said["shared"] and is_supervisor(request)
    owner = None if shared else agent
    if SavedView.objects.filter(owner=owner).exclude(name=said["name"]).count() >= SavedView.MOST:
        messages.warning(request, f"{SavedView.MOST} views are the most. Delete one first.")
        return redirect(lists)
    facts = {
        "base": said["base"], "words": said["words"], "order": said["order"], "facts": said["facts"],
        "filters": {name: said[name] for name in selection.FILTERS if said[name]},
    }  # fmt: skip
    view, _ = SavedView.objects.update_or_create(owner=owner, name=said["name"], defaults=facts)
    messages.success(request, f"The view “{view}” is saved{' for everybody' if shared else ''}.")
    return redirect(f"{lists}?queue={selection.SAVED}{view.pk}")


@require_POST
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    view = selection.find_saved(who(request), f"{selection.SAVED}{view_id}")
    if view is None:
        raise Http404("No such view.")
    if view.owner_id is None and not is_supervisor(request):
        raise PermissionDenied
    view.delete()
    messages.success(request, f"The view “{view}” is deleted.")
    return redirect("admin:tickets_ticket_changelist")
