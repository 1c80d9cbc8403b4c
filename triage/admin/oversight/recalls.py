"""The page of recalls: what to take back, whom it touches, and how far it is."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import User
from accounts.signin.powers import power
from triage.admin.access import house_readers, page, supervisors_only
from triage.models import Answer, Intent, ModelVersion, Rule
from triage.oversight import recall
from triage.oversight.recall import Recall, RecallItem, Wanted

SHOWN = 50
COUNTED = 10_000


class LookForm(forms.Form):
    """What made the answers."""

    answer = forms.ModelChoiceField(
        Answer.objects.exclude(state="draft").select_related("intent"), required=False
    )
    intent = forms.ModelChoiceField(Intent.objects.order_by("title"), required=False)
    model = forms.ModelChoiceField(ModelVersion.objects.all(), required=False)
    rule = forms.ModelChoiceField(Rule.objects.select_related("intent"), required=False)
    since = forms.DateTimeField(
        required=False,
        label="Sent from",
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        required=False,
        label="Sent before",
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )

    def wanted(self) -> Wanted:
        said = self.cleaned_data
        return Wanted(
            answer=said["answer"], model=said["model"], rule=said["rule"],
            intent=said["intent"].slug if said["intent"] else "", since=said["since"], until=said["until"],
        )  # fmt: skip


class StepForm(forms.Form):
    """What is done with them."""

    text = forms.CharField(
        required=False, max_length=8000, label="Corrected text",
        widget=forms.Textarea({"rows": 6, "class": "desk-text"}),
        help_text="Sent once to each person, in your name. Empty: nobody is written to.",
    )  # fmt: skip
    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Assign to", empty_label="Nobody"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["assignee"]).queryset = User.objects.staff().order_by(
            "name", "email"
        )


@supervisors_only
@power()
def recall_page(request: HttpRequest) -> HttpResponse:
    """Look for answers; then take them back."""
    look = LookForm(request.GET if request.GET else None)
    found = look.wanted() if look.is_bound and look.is_valid() else Wanted()
    step = StepForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and step.is_valid() and not found.is_empty:
        begun = recall.begin(
            found,
            by=cast(User, request.user),
            text=step.cleaned_data["text"],
            assignee=step.cleaned_data["assignee"],
        )
        return redirect("oversight-recall-report", begun.pk)
    context: dict[str, Any] = {
        "look": look,
        "step": step,
        "empty": found.is_empty,
        "earlier": Recall.objects.all()[:10],
    }
    if not found.is_empty:
        decisions = found.decisions()
        context |= {
            "count": decisions.values("ticket").order_by().distinct()[:COUNTED].count(),
            "preview": decisions.select_related("ticket__assignee", "answer__intent")[:SHOWN],
            "answered_since": decisions.filter(ticket__first_human_reply_at__isnull=False)
            .order_by()[:COUNTED]
            .count(),
            "closed": decisions.filter(ticket__status="closed").order_by()[:COUNTED].count(),
        }
    return page(request, "oversight/recall.html", "Recall answers", **context)


@house_readers
def recall_report(request: HttpRequest, recall_id: int) -> HttpResponse:
    """How far a recall is, and what became of each ticket."""
    begun = get_object_or_404(Recall.objects.select_related("by", "assignee"), pk=recall_id)
    counts = begun.report()
    total, left = counts.total(), counts[RecallItem.State.WAITING]
    if not total:
        messages.info(request, "No ticket was answered so.")
    return page(
        request, "oversight/recall_report.html", str(begun), recall=begun, total=total, left=left,
        done=(total - left) / total if total else 1.0,
        lines=[(label, counts[value]) for value, label in RecallItem.State.choices if counts[value]],
        open_ones=begun.items.filter(state__in=[RecallItem.State.REFUSED, RecallItem.State.CLOSED]).select_related(
            "ticket"
        )[:SHOWN],
    )  # fmt: skip
