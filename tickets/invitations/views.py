"""The page behind the link of an invitation. Opening it does nothing: programs that look at mails open links too."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits.middleware import limited
from accounts.models import User
from accounts.signin.powers import power
from tickets.invitations import inviting, joining
from tickets.invitations.forms import JoinForm
from tickets.invitations.models import Invitation

WELCOME = "Welcome to the team."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@limited("register")
@power()
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link has the mailbox, and is told the truth about the account of its address."""
    invitation = inviting.find(token)
    if invitation is None:
        return gone(request)
    try:
        if isinstance(request.user, User):
            return _as_member(request, invitation, request.user)
        if User.objects.with_email(invitation.email).exists():
            return _shown(request, "account", invitation)
        return _as_newcomer(request, invitation)
    except joining.Gone:
        return gone(request)


def gone(request: HttpRequest) -> HttpResponse:
    """One answer to a link that never was, and to one that was used, revoked or has expired."""
    return render(request, "invitations/gone.html", status=404)


def _as_member(request: HttpRequest, invitation: Invitation, person: User) -> HttpResponse:
    if not joining.is_open_to(invitation, person):
        return _shown(request, "other", invitation)
    if request.method != "POST":
        return _shown(request, "accept", invitation)
    joining.with_own_account(invitation.pk, person)
    messages.success(request, WELCOME)
    return redirect("admin:index")


def _as_newcomer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
    if not (form.is_bound and form.is_valid()):
        return _shown(request, "join", invitation, form=form)
    said = form.cleaned_data
    person = joining.with_new_account(invitation.pk, name=said["name"], password=said["password1"])
    messages.success(request, WELCOME)
    login = Login(user=person, email=person.email, redirect_url=resolve_url("admin:index"))
    answer: HttpResponse = perform_password_login(request, {"email": person.email}, login)
    return answer


def _shown(request: HttpRequest, page: str, invitation: Invitation, **facts: object) -> HttpResponse:
    """POST to a page that has no form for whoever asks changes nothing: 409."""
    form = facts.get("form")
    status = 422 if form and getattr(form, "errors", None) else 200
    if request.method == "POST" and form is None:
        status = 409
    context = {"invitation": invitation, "here": request.path, **facts}
    return render(request, f"invitations/{page}.html", context, status=status)
