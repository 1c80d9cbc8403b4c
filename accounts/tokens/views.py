"""A person's own API tokens on their profile."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.signin.powers import power
from accounts.tokens import keys
from accounts.tokens.forms import TokenForm
from accounts.tokens.models import ApiToken


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
@power()
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, and the form that makes one. A new token's text stands in this one answer and nowhere else."""
    user = cast(User, request.user)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    made = raw = None
    if form.is_bound and form.is_valid():
        try:
            made, raw = form.make(user, by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            form = TokenForm(user=user)
    context = {"form": form, "made": made, "raw": raw, "tokens": ApiToken.objects.filter(user=user).live()}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
@never_cache
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Taking power away is never held up."""
    user = cast(User, request.user)
    token = ApiToken.objects.filter(user=user, pk=token_id).live().first()
    if token is None:
        raise Http404("No such token.")
    keys.revoke(token, by=user)
    messages.success(request, _("Revoked. It opens nothing any more."))
    return redirect("api-tokens")
