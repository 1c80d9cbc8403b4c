"""Reviewing answers: one at a time, by keyboard; and what all the verdicts together say."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from accounts.admin import ROW_ID
from accounts.models import User
from tickets.models import Event, Message
from triage.admin.access import house_readers, page, supervisors_only
from triage.desk.wording import reason_text
from triage.models import Intent
from triage.oversight import evidence, watch
from triage.oversight.evidence import WRONG, Audit
from triage.oversight.precision import precision

AFTERWARDS = 20  # messages and steps shown of what came after the answer
COUNTED = 999
PERIODS = (7, 30, 90, 365)


@supervisors_only
def review_page(request: HttpRequest) -> HttpResponse:
    """The next answer that waits for a verdict, or the one that the address names."""
    if request.method == "POST":
        return _judge(request)
    waiting = evidence.due()
    if request.GET.get("wrong"):
        waiting = Audit.objects.filter(verdict__in=WRONG).order_by("-at")
    if slug := request.GET.get("intent", ""):
        waiting = waiting.filter(intent_slug=slug)
    after = request.GET.get("after", "")
    audit = _named(request) or _after(waiting, after)
    left = waiting[: COUNTED + 1].count()
    context: dict[str, Any] = {
        "left": f"{COUNTED}+" if left > COUNTED else left,
        "keys": _kept(request),
        "verdicts": list(zip("1234", Audit.Verdict, strict=True)),
        "looking_back": bool(request.GET.get("wrong")),
    }
    if audit is not None:
        context |= _shown(audit)
    return page(request, "oversight/review.html", "Review answers", **context)


def _named(request: HttpRequest) -> Audit | None:
    wanted = request.GET.get("decision", "")
    return Audit.objects.filter(pk=int(wanted)).first() if ROW_ID.fullmatch(wanted) else None


def _after(waiting: Any, after: str) -> Audit | None:
    """The first that waits, behind the one just passed over; from the beginning again at the end."""
    passed = Audit.objects.filter(pk=int(after)).first() if ROW_ID.fullmatch(after) else None
    if passed is not None:
        later = Q(at__gt=passed.at) | Q(at=passed.at, decision_id__gt=passed.pk)
        found: Audit | None = waiting.filter(later).first() or waiting.exclude(pk=passed.pk).first()
        return found
    first: Audit | None = waiting.first()
    return first


def _kept(request: HttpRequest) -> str:
    """The choice of the address, to go on with."""
    kept = QueryDict(mutable=True)
    for name in ("intent", "wrong"):
        if request.GET.get(name):
            kept[name] = request.GET[name]
    return kept.urlencode()


def _shown(audit: Audit) -> dict[str, Any]:
    """The question, the answer, and what happened after it."""
    decision = audit.decision
    ticket = decision.ticket
    said = list(ticket.messages.exclude(kind=Message.Kind.NOTE).order_by("id")[: AFTERWARDS * 2])
    machine = next((at for at, one in enumerate(said) if one.sender == Message.Sender.MACHINE), None)
    cut = machine if machine is not None else sum(1 for one in said if one.created_at <= decision.created_at)
    steps = (
        ticket.events.filter(at__gte=decision.created_at).select_related("actor").order_by("id")[:AFTERWARDS]
    )
    return {
        "audit": audit,
        "decision": decision,
        "ticket": ticket,
        "intent": Intent.objects.filter(slug=audit.intent_slug).first(),
        "asked": said[:cut],
        "after": said[cut + 1 :] if machine is not None else said[cut:],
        "steps": [(one.words, _why(one), one.at) for one in steps],
        "is_escalated": audit.part == Audit.Part.ESCALATED,
        "reason": reason_text(decision.reason),
    }


def _why(event: Event) -> str:
    if event.kind == Event.Kind.FEEDBACK:
        return {True: "solved", False: "not solved"}.get(event.facts.get("solved"), "")
    return reason_text(event.facts["reason"]) if event.facts.get("reason") else ""


def _judge(request: HttpRequest) -> HttpResponse:
    wanted, verdict = request.POST.get("decision", ""), request.POST.get("verdict", "")
    audit = get_object_or_404(Audit, pk=wanted if ROW_ID.fullmatch(wanted) else 0)
    kept = QueryDict(request.POST.get("keys", ""), mutable=True)
    kept["after"] = str(audit.pk)
    if verdict in Audit.Verdict.values:
        watch.judge(
            audit,
            Audit.Verdict(verdict),
            by=cast(User, request.user),
            why=request.POST.get("why", "").strip(),
        )
    elif verdict != "skip":
        messages.error(request, "Choose a verdict.")
        kept["decision"] = str(audit.pk)
    return redirect(f"{reverse('oversight-review')}?{kept.urlencode()}")


@house_readers
def precision_page(request: HttpRequest) -> HttpResponse:
    raw = request.GET.get("days", "")
    days = next((days for days in PERIODS if str(days) == raw), 30)
    return page(
        request,
        "oversight/precision.html",
        "How right the answers are",
        found=precision(days),
        days=days,
        periods=PERIODS,
    )
