"""The profile, and django-allauth's login under the lock of django-axes."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import LoginView
from axes.decorators import axes_dispatch, axes_form_invalid
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import ProfileForm
from accounts.models import User


@method_decorator(axes_dispatch, name="dispatch")
class LockingLoginView(LoginView):
    """Refuses, with the locked-out page, who failed too often; the failure that locks says so at once."""

    @axes_form_invalid
    def form_invalid(self, form: Any) -> HttpResponse:
        return cast(HttpResponse, super().form_invalid(form))


login = LockingLoginView.as_view()


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)
