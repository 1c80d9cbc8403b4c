"""What an agent does with one ticket: every step one POST of the page's one form, each calling the domain's own method.

All that is typed goes along with every step and is kept as the draft before the step is done, so that no step,
refusal or conflict can lose a word of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse

from accounts.admin import ROW_ID
from accounts.models import User
from accounts.signatures import signed
from tickets.desk import drafts, held, snoozing
from tickets.desk.models import Draft
from tickets.errors import Held, TicketError
from tickets.fields import filling
from tickets.following import copies, followers
from tickets.following.models import Copy
from tickets.links import linking
from tickets.macros import applying
from tickets.models import Closure, Ticket
from tickets.tags import tagging
from tickets.teams.sight import may_see
from triage.admin.desk.page import lead_on, load_ticket, show_desk, to_desk
from triage.admin.desk.shell import who
from triage.desk import intents
from triage.desk.forms import (
    AssignForm,
    CorrectForm,
    FilesForm,
    NoteForm,
    ReplyForm,
    ResolveForm,
    SnoozeForm,
    TeamForm,
    UrgencyForm,
)
from triage.desk.wording import MARKED_SPAM
from triage.models import Decision, Intent

#: The fields of the page's form that a draft keeps: field → its name in the draft.
TYPED = {"reply-body": "reply", "note-body": "note", "intent": "intent"}


NOTE_SAVED = "The note is saved. Only agents see it."


class Refused(Exception):
    """The form that was sent is not valid; it goes back to the page with its errors and what was typed."""


@dataclass
class Step:
    """One POST of an agent: who, on which ticket, and the forms that go back to the page if it is refused."""

    request: HttpRequest
    ticket: Ticket
    forms: dict[str, Form] = field(default_factory=dict)
    go_on: bool = False  # to the next ticket, where the step leaves nothing to do here

    @property
    def agent(self) -> User:
        return who(self.request)

    def valid(self, name: str, form: Form) -> dict[str, Any]:
        self.forms[name] = form
        if not form.is_valid():
            raise Refused
        return form.cleaned_data

    def done_with(self, *names: str) -> None:
        drafts.empty(self.agent, self.ticket, *names)


def desk_view(request: HttpRequest, ticket_id: int | str) -> HttpResponse:
    ticket = load_ticket(who(request), str(ticket_id))
    return take_step(request, ticket) if request.method == "POST" else show_desk(request, ticket)


def take_step(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    act = next((step for name, step in NAMED.items() if name in request.POST), None)
    act = act or STEPS.get(request.POST.get("step", ""))
    step = Step(request, ticket)
    try:
        keep_typed(step)
        fill_fields(step)
        if act is None:
            messages.error(request, "Choose what to do.")
            return to_desk(request, ticket)
        done = act(step)
    except Refused:
        return show_desk(request, load_ticket(who(request), str(ticket.pk)), step.forms, status=400)
    except drafts.DraftChanged as changed:
        return conflict(step, changed, other_draft=changed.current)
    except Held as refusal:
        return conflict(step, refusal, holder=refusal.holder)
    except held.Unread as unread:
        return conflict(step, unread, newer=[one.pk for one in unread.newer])
    except TicketError as error:
        return conflict(step, error)
    if done:
        messages.success(request, done)
    return lead_on(request, ticket.pk) if step.go_on else to_desk(request, ticket)


def keep_typed(step: Step) -> None:
    """Before anything else. A window that is behind another one of the same agent does not overwrite it."""
    post = step.request.POST
    typed = {name: post[posted].replace("\r\n", "\n") for posted, name in TYPED.items() if posted in post}
    base = post.get("version", "")
    drafts.keep(step.agent, step.ticket, typed, base=int(base) if base.isdecimal() else None)
    if step.request.FILES:
        for part in ("reply", "note"):
            files = step.valid(f"{part}_files", FilesForm(post, step.request.FILES, prefix=part))["files"]
            drafts.keep_files(step.agent, step.ticket, files, for_note=part == "note")


def conflict(step: Step, error: TicketError, **facts: Any) -> HttpResponse:
    """Somebody was faster: say so, and show the ticket as it is now with all that was typed."""
    ticket = load_ticket(step.agent, str(step.ticket.pk))
    return show_desk(step.request, ticket, step.forms, status=409, conflict=str(error), **facts)


# --- steps: each returns what to tell the agent ---------------------------------------------------------


def send_and_wait(step: Step, *, then: Draft.Then = Draft.Then.WAIT) -> str:
    cleaned = step.valid("reply", ReplyForm(step.request.POST))
    held.hold(
        step.ticket,
        author=step.agent,
        body=signed(cleaned["body"], step.agent),
        seen=cleaned["seen"],
        page=cleaned["page"],
        then=then,
    )
    return ""  # the bar that takes it back says it


def send_and_next(step: Step) -> str:
    step.go_on = True
    return send_and_wait(step)


def send_and_resolve(step: Step) -> str:
    step.go_on = True
    return send_and_wait(step, then=Draft.Then.RESOLVE)


def note(step: Step) -> str:
    cleaned = step.valid("note", NoteForm(step.request.POST))
    saved = drafts.save_note(step.agent, step.ticket, cleaned["body"])
    told = ", ".join(str(one.agent) for one in saved.mentions.select_related("agent"))
    return (
        f"The note is saved. {told} {'is' if told.count(',') == 0 else 'are'} told." if told else NOTE_SAVED
    )


def keep(step: Step) -> str:
    """Enter in a field: those of macro, tags, copies, links and intent name something; elsewhere the draft is kept, as it is by now."""
    if step.request.POST.get("macro", "").strip():
        return macro(step)
    if step.request.POST.get("tags", "").strip():
        return tag(step)
    if step.request.POST.get("copy", "").strip():
        return copy(step)
    if step.request.POST.get("link", "").strip():
        return link(step)
    if step.request.POST.get("intent", "").strip():
        return correct(step)
    return "Your draft is kept."


def macro(step: Step) -> str:
    """What the agent writes and does again and again, by its name."""
    chosen = applying.named(step.agent, step.request.POST.get("macro", ""))
    return applying.apply(chosen, step.ticket, agent=step.agent)


def take(step: Step) -> str:
    step.ticket.assign(step.agent, actor=step.agent, held_by={None, step.agent.pk})
    return "The ticket is yours."


def take_over(step: Step) -> str:
    """The yes to taking a colleague's ticket: from that colleague, and from nobody else."""
    holder = _row_id(step, "holder")
    step.ticket.assign(step.agent, actor=step.agent, held_by={holder, step.agent.pk})
    return "The ticket is yours."


def assign(step: Step) -> str:
    assignee = step.valid("assign", AssignForm(step.request.POST))["assignee"]
    step.ticket.assign(assignee, actor=step.agent, held_by={_row_id(step, "holder")})
    return f"Assigned to {assignee}." if assignee else "The ticket is back in the queue."


def team(step: Step) -> str:
    chosen = step.valid("team", TeamForm(step.request.POST))["team"]
    step.ticket.hand_to(chosen, actor=step.agent)
    if not may_see(step.agent, step.ticket.team_id):
        step.go_on = True
    return f"{step.ticket.reference} is with {chosen} now." if chosen else "The ticket is of no team now."


def _row_id(step: Step, name: str) -> int | None:
    raw = step.request.POST.get(name, "")
    return int(raw) if raw.isdecimal() else None


def prioritise(step: Step) -> str:
    urgency = step.valid("urgency", UrgencyForm(step.request.POST))["urgency"]
    step.ticket.prioritise(urgency, actor=step.agent)
    return f"The urgency is now “{urgency.label.lower()}”."


def snooze(step: Step) -> str:
    until = step.valid("snooze", SnoozeForm(step.request.POST))["until"]
    snoozing.snooze(step.ticket, by=step.agent, until=until)
    step.go_on = True
    return f"{step.ticket.reference} is snoozed until {until:%a %-d %b, %H:%M}, or until its customer writes."


def wake(step: Step) -> str:
    snoozing.wake(step.ticket, by=step.agent)
    return "The ticket is awake again."


def tag(step: Step) -> str:
    names = tagging.read_names(step.request.POST.get("tags", ""))
    if not names:
        raise tagging.NoTag("Write a tag first; several go with commas.")
    put = tagging.put(step.ticket, names, by=step.agent)
    return f"Tagged {', '.join(put)}." if put else f"{', '.join(names)}: on the ticket already."


def untag(step: Step) -> str:
    name = step.request.POST.get("untag", "")
    return f"{name} is off the ticket." if tagging.take_off(step.ticket, name, by=step.agent) else ""


def link(step: Step) -> str:
    other = linking.find(step.request.POST.get("link", ""), by=step.agent)
    is_new = linking.link(step.ticket, other, by=step.agent)
    return f"Linked to {other.reference}." if is_new else f"It is linked to {other.reference} already."


def unlink(step: Step) -> str:
    other = linking.find(step.request.POST.get("unlink", ""), by=step.agent)
    return (
        f"The link to {other.reference} is off." if linking.unlink(step.ticket, other, by=step.agent) else ""
    )


def unmerge(step: Step) -> str:
    """Of this ticket, or of one that was merged into it."""
    merged = linking.find(step.request.POST.get("unmerge", ""), by=step.agent)
    if step.ticket.pk not in {merged.pk, merged.merged_into_id}:
        raise TicketError(f"{merged.reference} is not merged into this ticket any more.")
    merged.unmerge(actor=step.agent)
    return f"{merged.reference} stands by itself again. What was written since stayed where it was written."


def fields(step: Step) -> str:
    """The house's own fields, which every step saves."""
    return "The fields are saved."


def fill_fields(step: Step) -> None:
    """What was changed on this page of the house's fields, with any step; a colleague's newer values stay."""
    post = step.request.POST
    written: dict[int, str] = {}
    for name, text in post.items():
        key = name.removeprefix("field-")
        if name.startswith("field-") and ROW_ID.fullmatch(key) and text != post.get(f"was-{key}", ""):
            written[int(key)] = str(text)[:1000]
    if written:
        filling.fill(step.ticket, written, by=step.agent)


def follow(step: Step) -> str:
    """Or no longer, where the agent follows it."""
    if followers.unfollow(step.ticket, step.agent):
        return "You no longer follow this ticket."
    followers.follow(step.ticket, step.agent)
    return "You follow this ticket: you are told by mail of what is written."


def mention_done(step: Step) -> str:
    return "Done." if followers.done(step.ticket, step.agent.pk) else ""


def copy(step: Step) -> str:
    address = step.request.POST.get("copy", "").strip()[:254]
    if not copies.add(step.ticket, address, way=Copy.Way.TEAM, by=step.agent):
        return f"{address} was asked already."
    return f"{address} is asked whether they want copies, and gets none before."


def uncopy(step: Step) -> str:
    address = step.request.POST.get("uncopy", "")
    return f"{address} gets no copies any more." if copies.remove(step.ticket, address, by=step.agent) else ""


def ask_copy(step: Step) -> str:
    address = step.request.POST.get("ask_copy", "")
    return f"{address} is asked again." if copies.ask_again(step.ticket, address) else ""


def spam(step: Step) -> str:
    step.ticket.quarantine(MARKED_SPAM, step.agent)
    return "The ticket is in quarantine."


def not_spam(step: Step) -> str:
    step.ticket.release(step.agent)
    return "The ticket is in the queue."


def correct(step: Step) -> str:
    words = step.request.POST.get("intent", "")
    if intents.named(words).none_of_ours:
        return none_of_ours(step)
    intent = step.valid("correct", CorrectForm(step.request.POST))["intent"]
    return _correct(step, intent)


def none_of_ours(step: Step) -> str:
    return _correct(step, None)


def _correct(step: Step, intent: Intent | None) -> str:
    decision: Decision | None = step.ticket.decisions.first()
    if decision is None:
        raise TicketError("This ticket was never triaged: there is no intent to correct.")
    decision.correct(intent, by=step.agent)
    step.done_with("intent")
    told = f"“{intent}”" if intent else "“none of ours”"
    return f"The intent is now {told}. A supervisor decides whether training learns from it."


def resolve(step: Step) -> str:
    seen = step.valid("resolve", ResolveForm(step.request.POST))["seen"]
    held.settle(step.ticket, agent=step.agent, seen=seen or 0)
    step.go_on = True
    return f"{step.ticket.reference} is resolved."


def reopen(step: Step) -> str:
    step.ticket.reopen(actor=step.agent)
    return "The ticket is open again and in the queue."


def recall(step: Step) -> str:
    step.ticket.escalate("recalled", actor=step.agent)
    return "The automatic answer is taken back: a person answers now."


def close(step: Step) -> str:
    step.ticket.close(Closure.AGENT, actor=step.agent)
    return "The ticket is closed."


#: Steps of buttons that stand beside each of several things, which they name.
NAMED: dict[str, Callable[[Step], str]] = {
    step.__name__: step for step in (untag, unlink, unmerge, uncopy, ask_copy)
}
STEPS: dict[str, Callable[[Step], str]] = {
    step.__name__: step
    for step in (
        keep, macro, send_and_next, send_and_resolve, send_and_wait, note, take, take_over, assign, team, prioritise, snooze, wake,
        tag, link, fields, follow, mention_done, copy, spam, not_spam, correct, none_of_ours, resolve, reopen, recall, close,
    )
}  # fmt: skip
