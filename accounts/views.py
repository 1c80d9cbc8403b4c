"""The profile, and django-allauth's login under the lock of django-axes."""

from __future__ import annotations

from typing import cast

from allauth.account import views as library
from allauth.mfa.base import views as factors
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount.models import SocialAccount
from axes.decorators import axes_dispatch
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import ProfileForm
from accounts.limits.middleware import limited
from accounts.models import User
from accounts.signin.factors import has_factor
from accounts.tokens import families

# Whoever is locked out does not even get to the form. The failure that locks is answered by axes' middleware.
login = limited("login")(axes_dispatch(library.login))
second_step = limited("login")(factors.authenticate)
passkey_login = limited("login")(passkeys.login_webauthn)
signup = limited("register", mailbox_field="email")(library.signup)
password_reset = limited("account_mail", mailbox_field="email")(library.password_reset)
email = limited("account_mail", mailbox_field="email")(library.email)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("profile")
    context = {
        "form": form,
        "has_factor": has_factor(user),
        "connected": set(SocialAccount.objects.filter(user=user).values_list("provider", flat=True)),
    }
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
@never_cache
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every log-in of this person: this browser's, all others', and those of programs."""
    families.end_everywhere(cast(User, request.user))
    logout(request)
    messages.success(request, _("You’re logged out on every device."))
    return redirect("account_login")
