"""The script, the frame's form, and what became of what was sent."""

from __future__ import annotations

import json
import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.dispatch import Signal
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits.spending import LimitReached, spend
from tickets.access import linked_ticket
from tickets.channels.widget.forms import WidgetForm
from tickets.channels.widget.frame import Frame, framed, page
from tickets.errors import InvalidTransition
from tickets.intake.once import submit_once
from tickets.intake.submit import Submission
from tickets.mail import guest_links
from tickets.models import Attachment, Message, Status, Ticket
from tickets.web import files, wording

#: A ticket was sent from a frame; ``carried`` is what the form brought along for whoever listens.
sent_from_frame = Signal()
SENT_SALT: Final = "widget.sent"
SENT_SECONDS: Final = 3600  # so long the frame shows what became of it; afterwards the link in the mail does
QUESTION_CHARS: Final = 500
_MEDIA: Final = "@media (prefers-color-scheme: dark)"


# --- What other sites load --------------------------------------------------------------------------------


@require_safe
@cache_control(public=True, max_age=3600)
def script(request: HttpRequest) -> HttpResponse:
    """The one script. It holds its few words in every language, so that it asks for nothing before the click."""
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def _script() -> str:
    words = {}
    for language_tag, _name in settings.LANGUAGES:
        with translation.override(language_tag):
            words[language_tag[:2]] = [_("Help"), _("Close help")]
    source = Path(settings.BASE_DIR / "static/js/widget/widget.js").read_text(encoding="utf-8")
    lines = (line.strip() for line in source.splitlines())
    short = "\n".join(line for line in lines if line and not line.startswith("//"))
    return short.replace("__WORDS__", json.dumps(words, ensure_ascii=False, separators=(",", ":")))


@require_safe
@cache_control(public=True, max_age=3600)
def theme(request: HttpRequest, name: str) -> HttpResponse:
    """The colours of one theme, whatever the reader's system prefers: made from the one sheet that owns them."""
    if name not in {"light", "dark"}:
        raise Http404("No such theme.")
    return HttpResponse(_theme(name), content_type="text/css; charset=utf-8")


@cache
def _theme(name: str) -> str:
    sheet = Path(settings.BASE_DIR / "static/css/variables.css").read_text(encoding="utf-8")
    light, _media, rest = sheet.partition(_MEDIA)
    light = light.replace("color-scheme: light dark", f"color-scheme: {name}")
    dark = rest[rest.index("{") + 1 : rest.rindex("}")]
    return light + dark if name == "dark" else light


# --- In the frame -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def ask(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Search, and the form. Nothing that was written is lost, whatever is wrong."""
    if request.method != "POST":
        brought = {"body": request.GET.get("question", "").replace("\0", " ")[:QUESTION_CHARS]}
        return page(request, "widget/ask.html", frame, {"form": WidgetForm(initial=brought), "carried": ""})
    form = WidgetForm(request.POST, request.FILES, taken=files.taken(request, key=frame.holder))
    if not frame.is_ours:
        form.add_error(None, _("This page was open for long. Send it again, please."))
    if form.is_valid():
        try:
            spend(request, "guest_ticket", mailbox=form.cleaned_data["email"])
            return _sent(frame, form, request.POST.get("carried", ""))
        except LimitReached as refusal:
            form.refuse(refusal)
    context = {"form": form, "carried": request.POST.get("carried", "")}
    answer = page(request, "widget/ask.html", frame, context, status=429 if form.wait else 422)
    if form.wait:
        answer["Retry-After"] = str(form.wait)
    return answer


def _sent(frame: Frame, form: WidgetForm, carried: str) -> HttpResponse:
    written = form.cleaned_data
    wish = Submission(
        subject="",
        body=written["body"],
        guest_email=written["email"],
        guest_name=written["name"],
        human_requested=written["human_requested"],
        external_id=form.once_key(written["email"]),
        language=translation.get_language() or "",
        uploaded=written["attachments"],
    )
    ticket, is_new = submit_once(wish)
    if is_new:
        sent_from_frame.send(sender=None, carried=carried)
    mine = is_new or ticket.external_id == wish.external_id  # the same words alone prove nothing
    token = signing.dumps(ticket.reference if mine else "", salt=SENT_SALT)
    return redirect(f"{reverse('widget-sent', args=[frame.site.key, token])}?{frame.query}")


@require_POST
@framed
def upload(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Keep one file for the form of this frame; 201 or 422, as on our own pages."""
    if not frame.is_ours:
        return JsonResponse({"error": _("This page was open for long. Send it again, please.")}, status=422)

    def removed_at(file: Attachment) -> str:
        return reverse("widget-upload-remove", args=[frame.site.key, file.token])

    return files.keep_one(request, removed_at, key=frame.holder)


@require_POST
@framed
def remove_upload(request: HttpRequest, frame: Frame, token: uuid.UUID) -> HttpResponse:
    """Throw away a file that the form of this frame has not sent yet."""
    return files.throw_away(frame.holder, token)


@require_http_methods(["GET", "HEAD", "POST"])
@framed
def sent(request: HttpRequest, frame: Frame, token: str) -> HttpResponse:
    """What became of it, to whoever sent it from this frame; a POST says whether the answer was enough."""
    try:
        reference = str(signing.loads(token, salt=SENT_SALT, max_age=SENT_SECONDS))
    except signing.BadSignature:
        return page(request, "widget/over.html", frame, {}, status=410)
    ticket = linked_ticket(reference) if reference else None
    if ticket is not None and request.method == "POST":
        _take(ticket, request.POST.get("solved", ""))
        return redirect(f"{request.path}?{frame.query}")
    context: dict[str, Any] = {"ticket": ticket, "token": token}
    if ticket is not None:
        context |= {
            "answer": ticket.messages.filter(sender=Message.Sender.MACHINE, kind=Message.Kind.REPLY).last(),
            "promise": wording.promise(ticket) if ticket.state is Status.ESCALATED else None,
            "link": guest_links.url_for(ticket) if ticket.requester_id is None else "",
        }
    return page(request, "widget/sent.html", frame, context)


def _take(ticket: Ticket, said: str) -> None:
    """Yes closes, no brings a person; said of what has moved on meanwhile, the page shows where it stands."""
    if said not in {"yes", "no"} or ticket.state is not Status.AUTO_RESOLVED:
        return
    try:
        ticket.record_feedback(solved=said == "yes", actor=None)
    except InvalidTransition:
        return
