"""Pages that belong to no table: the admin's start, the simulator, and "next ticket"."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.admin import reads_house
from tickets.models import Job, Ticket
from tickets.watch.findings import look
from triage.admin.access import page, supervisors_only
from triage.admin.oversight.home import needs, since_yesterday
from triage.answers import facts
from triage.desk.forms import SimulatorForm
from triage.instruments.simulator import Simulation, simulate
from triage.models import Answer, Example, Guard, Intent, ModelVersion
from triage.oversight import watch
from triage.oversight.evidence import Audit

logger = logging.getLogger(__name__)

# --- start -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """A way in, with the one number that tells whether it needs a look."""

    title: str
    text: str
    url: str
    icon: str
    figure: str = ""
    alarm: bool = False


def home(request: HttpRequest) -> HttpResponse:
    """Agents start at their queue, supervisors at an overview."""
    if not reads_house(request):
        return redirect("admin:tickets_ticket_changelist")
    gauge = watch.gauge() if Audit.objects.exclude(verdict="").exists() else None
    return page(
        request,
        "triage/home.html",
        "Overview",
        tiles=tiles(),
        alarms=[finding for finding in look() if finding.level],
        needs=needs(),
        moved=since_yesterday(),
        gauge=gauge,
    )


def tiles() -> list[Tile]:
    waiting = capped(Ticket.objects.awaiting_agent())
    mute = unanswerable_intents().count()
    drafts = Answer.objects.filter(state=Answer.State.DRAFT).count()
    given_up = capped(Job.objects.failed())
    champion = ModelVersion.objects.filter(is_champion=True).first()
    return [
        Tile("Queue", "Tickets that wait for a person", changelist("tickets_ticket"), "inbox", waiting),
        Tile("Metrics", "Volume, resolution, feedback, response time", reverse("triage-metrics"), "monitoring"),
        Tile(
            "Intents",
            f"{mute} automated without an approved answer" if mute else "What is recognised, and how far it is automated",
            changelist("triage_intent"), "category", str(Intent.objects.count()), alarm=bool(mute),
        ),
        Tile("Answers", "Drafts to approve", changelist("triage_answer"), "chat", str(drafts)),
        house_tile(),
        Tile("Never-automate rules", "What a person must always read", changelist("triage_guard"), "shield", str(Guard.objects.count())),
        Tile("Examples", "Labelled texts that training learns from", changelist("triage_example"), "school", capped(Example.objects.all())),
        Tile("Simulator", "What would happen to a text", reverse("triage-simulator"), "science"),
        Tile("Decisions", "The log of every decision and correction", changelist("triage_decision"), "gavel"),
        Tile(
            "Models", "The one that decides" if champion else "No model yet: rules alone decide",
            changelist("triage_modelversion"), "model_training", f"#{champion.pk}" if champion else "–", alarm=champion is None,
        ),
        Tile("People", "Roles of agents and supervisors", changelist("accounts_user"), "group"),
        Tile(
            "Background work", "Jobs given up after many attempts" if given_up != "0" else "Nothing was given up",
            f"{changelist('tickets_job')}?state=failed", "sync_problem", given_up, alarm=given_up != "0",
        ),
    ]  # fmt: skip


def house_tile() -> Tile:
    """How many approved answers wait for a fact of the house."""
    known = facts.current()
    lacking = sum(
        bool(answer.missing_facts(known)) for answer in Answer.objects.filter(state=Answer.State.APPROVED)
    )
    text = "Answers that lack a fact only you can say" if lacking else "No answer lacks a fact"
    return Tile(
        "Set up your house", text, reverse("triage-house"), "storefront", str(lacking), alarm=bool(lacking)
    )


def changelist(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def capped(rows: Any, limit: int = 999) -> str:
    count = rows.order_by()[: limit + 1].count()
    return f"{limit}+" if count > limit else str(count)


def unanswerable_intents() -> Any:
    """Intents on AUTO that have no approved answer: they escalate every time."""
    approved = Answer.objects.filter(intent=OuterRef("pk"), state=Answer.State.APPROVED)
    return Intent.objects.automated().filter(~Exists(approved))


# --- simulator ---------------------------------------------------------------------------


@supervisors_only
def simulator(request: HttpRequest) -> HttpResponse:
    form = SimulatorForm(request.POST if request.method == "POST" else None)
    found: Simulation | None = None
    failure = ""
    if form.is_bound and form.is_valid():
        try:
            found = simulate(form.cleaned_data["subject"], form.cleaned_data["body"])
        except Exception as error:
            # Whatever the engine raises on this text would escalate a real ticket: that is the finding.
            logger.exception("The simulator's text broke the engine")
            failure = f"{type(error).__name__}: {error}"
    return page(
        request,
        "triage/simulator.html",
        "Simulator",
        form=form,
        simulation=found,
        failure=failure,
        titles=list(Intent.objects.values_list("slug", "title")),
    )
