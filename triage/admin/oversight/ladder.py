"""The ladder: every intent with its mode, the ground it stands on and the evidence for the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signin.powers import power
from triage.admin.access import house_readers, page, supervisors_only
from triage.models import Answer, Intent, LanguageMode, Mode
from triage.oversight import ladder, language_ladder, versions, watch
from triage.oversight.evidence import AGREEING, Trial

TRIALS_SHOWN = 50


@dataclass(frozen=True)
class Rung:
    """One intent as the ladder shows it."""

    intent: Intent
    evidence: ladder.Evidence
    ground: str
    asked: ladder.Override | None
    latch: watch.Latch | None
    languages: Sequence[LanguageMode] = ()

    @property
    def mode(self) -> str:
        return str(Mode(self.intent.mode).label.partition(":")[0])


def rungs(intents: QuerySet[Intent]) -> list[Rung]:
    rows = list(
        intents.select_related("standing", "override__by", "latch").prefetch_related("language_modes")
    )
    found = ladder.evidence_of(intent.slug for intent in rows)
    return [
        Rung(
            intent=intent,
            evidence=found[intent.slug],
            ground=ladder.ground(intent),
            asked=getattr(intent, "override", None),
            latch=getattr(intent, "latch", None),
            languages=[row for row in intent.language_modes.all() if row.mode or row.asked_by_id],
        )
        for intent in rows
    ]


@house_readers
def ladder_page(request: HttpRequest) -> HttpResponse:
    found = rungs(Intent.objects.all())
    order = [Mode.AUTO, Mode.SUGGEST, Mode.SHADOW, Mode.OFF]
    found.sort(key=lambda rung: (order.index(Mode(rung.intent.mode)), -rung.evidence.seen, str(rung.intent)))
    return page(
        request, "oversight/ladder.html", "Ladder", rungs=found, target=ladder.target_error(),
        needed=found[0].evidence.needed if found else 0,
    )  # fmt: skip


def leads_to_auto(request: HttpRequest) -> bool:
    """A step down is never held up."""
    return request.method == "POST" and (
        request.POST.get("step") == "confirm" or request.POST.get("mode") == Mode.AUTO
    )


@supervisors_only
@power(leads_to_auto)
def intent_page(request: HttpRequest, intent_id: int) -> HttpResponse:
    """One intent: its evidence, the disagreements to open, and the steps up and down."""
    intent = get_object_or_404(Intent, pk=intent_id)
    if request.method == "POST":
        return _step(request, intent)
    (rung,) = rungs(Intent.objects.filter(pk=intent.pk))
    trials = Trial.objects.filter(intent_slug=intent.slug).order_by("-at").select_related("decision__ticket")
    return page(
        request, "oversight/intent.html", str(intent), rung=rung, intent=intent,
        modes=[mode for mode in Mode if mode != intent.mode],
        gauge=watch.gauge(intent.slug) if intent.is_automated else None,
        disagreements=trials.exclude(result__in=AGREEING)[:TRIALS_SHOWN],
        unread=intent.unread_answers().exists(),
        answered=intent.answers.filter(state=Answer.State.APPROVED).exists(),
        alone=not ladder.supervisors().exclude(pk=cast(User, request.user).pk).exists(),
        history=versions_of(intent), languages=language_ladder.rungs_of(intent), all_modes=list(Mode),
    )  # fmt: skip


def versions_of(intent: Intent, shown: int = 10) -> list[versions.PolicyVersion]:
    """The latest versions that changed the mode of this intent."""
    found = []
    for version in versions.PolicyVersion.objects.select_related("by", "note")[:100]:
        if any(_is_mode_of(intent, one) for one in versions.changes_of(version)):
            found.append(version)
        if len(found) == shown:
            break
    return found


def _is_mode_of(intent: Intent, change: versions.Change) -> bool:
    in_language = change.part == versions.LANGUAGE_MODE and change.key.startswith(f"{intent.slug}/")
    return in_language or (change.part == "mode" and change.key == intent.slug)


def _step(request: HttpRequest, intent: Intent) -> HttpResponse:
    user, why = cast(User, request.user), request.POST.get("why", "")
    try:
        if "language" in request.POST:
            messages.success(request, _language_step(request, intent))
        elif request.POST.get("step") == "confirm":
            messages.success(request, ladder.confirm(intent, by=user))
        elif request.POST.get("mode") in Mode.values:
            messages.success(request, ladder.set_mode(intent, Mode(request.POST["mode"]), by=user, why=why))
        else:
            messages.error(request, "Choose a mode.")
    except ladder.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("oversight-intent", intent.pk)


def _language_step(request: HttpRequest, intent: Intent) -> str:
    user, language = cast(User, request.user), request.POST["language"]
    if request.POST.get("step") == "confirm":
        return language_ladder.confirm(intent, language, by=user)
    wanted = request.POST.get("mode", "")
    if wanted not in {*Mode.values, language_ladder.AS_THE_INTENT}:
        raise ladder.Refused("Choose a mode.")
    mode = Mode(wanted) if wanted else None
    return language_ladder.set_mode(intent, language, mode, by=user, why=request.POST.get("why", ""))


# --- many at once ----------------------------------------------------------------------------------------


def confirm_modes(
    request: HttpRequest, chosen: QuerySet[Intent], mode: Mode, action: str
) -> HttpResponse | None:
    """Show what a bulk change would change, and ask; on a yes do it as one version. None: done."""
    differing = [intent for intent in chosen.order_by("group", "slug") if intent.mode != mode]
    name = mode.label.partition(":")[0]
    if not differing:
        messages.info(request, f"All {len(chosen)} chosen intents are on “{name}” already.")
        return None
    if request.POST.get("sure") == "1":
        with versions.changing("modes", by=cast(User, request.user)):
            for intent in differing:
                intent.put_on(mode)
        messages.success(request, f"{len(differing)} intents are now on “{name}”.")
        return None
    lines = [f"{intent}: {Mode(intent.mode).label.partition(':')[0]} → {name}" for intent in differing]
    hidden = [
        ("action", action),
        *(("_selected_action", str(intent.pk)) for intent in differing),
        ("sure", "1"),
    ]
    return confirm_page(
        request, f"Put {len(differing)} intents on “{name}”?", lines, hidden, f"Put them on “{name}”",
        text="It counts from the next ticket on. You can undo it with one click afterwards.",
        cancel=reverse("admin:triage_intent_changelist"),
    )  # fmt: skip


def confirm_page(
    request: HttpRequest,
    title: str,
    lines: Sequence[str],
    hidden: Sequence[tuple[str, str]],
    button: str,
    *,
    text: str = "",
    cancel: str,
) -> HttpResponse:
    """One question with what it is about; its form goes back to where it came from."""
    context: dict[str, Any] = {
        "lines": lines,
        "hidden": hidden,
        "button": button,
        "text": text,
        "cancel": cancel,
    }
    return page(request, "oversight/confirm.html", title, **context)


@supervisors_only
def retire_page(request: HttpRequest, answer_id: int) -> HttpResponse:
    """The last answer of an automated intent: asked, and then the intent is only suggested."""
    answer = get_object_or_404(
        Answer.objects.select_related("intent"), pk=answer_id, state=Answer.State.APPROVED
    )
    intent = answer.intent
    back = reverse("admin:triage_answer_change", args=[answer.pk])
    if request.method == "POST":
        ladder.retire(answer, by=cast(User, request.user))
        messages.warning(request, f"{answer} is retired, and “{intent}” is on “Suggest”.")
        return redirect(back)
    return confirm_page(
        request, f"Retire {answer}?", [f"{intent}: Auto → Suggest"], [], "Retire it",
        text="It is the only approved answer of an intent that is answered automatically. Without it every such "
        "ticket goes to a person, so the intent is put on “Suggest”.",
        cancel=back,
    )  # fmt: skip


@supervisors_only
@require_POST
@power()
def resume(request: HttpRequest, latch_id: int) -> HttpResponse:
    """Somebody has looked at what set the alarm off."""
    latch = get_object_or_404(watch.Latch, pk=latch_id)
    try:
        messages.success(
            request, watch.resume(latch, by=cast(User, request.user), why=request.POST.get("why", ""))
        )
    except ladder.Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("oversight-alarms")


@house_readers
def alarms_page(request: HttpRequest) -> HttpResponse:
    """How far every alarm is, and those that have gone off."""
    slugs = dict(Intent.objects.automated().order_by("title").values_list("slug", "title"))
    gauges = [("The whole house", watch.gauge())]
    gauges += [(slugs[slug] or slug, gauge) for slug, gauge in watch.gauges(list(slugs)).items()]
    gauges[1:] = sorted(gauges[1:], key=lambda one: (one[1].distance, -one[1].reviewed))
    return page(
        request, "oversight/alarms.html", "Alarms", gauges=gauges, target=ladder.target_error(),
        latches=watch.Latch.objects.select_related("intent"), alpha=watch.ALPHA,
    )  # fmt: skip
