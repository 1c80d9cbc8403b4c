"""The demo's mail page: what was sent, and mail to try the house with, through the same code as any mail; and a shop
that has the widget."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits.middleware import limited
from helpdesk.demo import letters
from helpdesk.demo.letters import NewMail, Reply
from tickets.channels.widget.models import Site

SHOWN = 100


@require_safe
@never_cache
def mail_list(request: HttpRequest) -> HttpResponse:
    shown = [letters.read(file) for file in letters.files()[:SHOWN]]
    return render(request, "demo/mail_list.html", {"mails": shown, "address": letters.own_address()})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@limited("message")
def mail_one(request: HttpRequest, name: str) -> HttpResponse:
    letter = letters.letter_named(name)
    if letter is None:
        raise Http404("No such mail.")
    form = Reply(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, letters.outcome_words(letters.hand_over(form.as_mail(letter))))
        return redirect("demo-mail")
    return render(request, "demo/mail_one.html", {"mail": letter, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@limited("message")
def write(request: HttpRequest) -> HttpResponse:
    person = request.user
    known = {"email": person.email, "name": person.name} if person.is_authenticated else {}
    form = NewMail(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        messages.success(request, letters.outcome_words(letters.hand_over(form.as_mail())))
        return redirect("demo-mail")
    return render(request, "demo/mail_new.html", {"form": form, "address": letters.own_address()})


@require_safe
@never_cache
def shop(request: HttpRequest) -> HttpResponse:
    """A page as somebody else's could be, with the widget in it."""
    site = Site.objects.filter(active=True, origins__contains=f"://{request.get_host()}").first()
    return render(request, "demo/shop.html", {"site": site})
