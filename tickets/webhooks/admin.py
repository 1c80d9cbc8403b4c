"""Webhooks and their deliveries, for supervisors."""

from __future__ import annotations

import json
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts.admin import SupervisorsEdit, SupervisorsRead, is_supervisor, shown_once
from accounts.models import User
from accounts.signin.powers import Powerful, power
from tickets import feed
from tickets.audit import KIND_WORDS
from tickets.webhooks import delivering, guard
from tickets.webhooks.models import Delivery, Endpoint
from tickets.webhooks.sending import payload


class EndpointForm(forms.ModelForm):
    types = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Told of", help_text="Nothing chosen: of everything."
    )  # fmt: skip

    class Meta:
        model = Endpoint
        fields = ("name", "url", "active", "types")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "types" in self.fields:
            choices = [
                (feed.TYPE + kind, f"{words} ({feed.TYPE}{kind})")
                for kind, words in sorted(KIND_WORDS.items())
            ]
            self.fields["types"].choices = choices  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            guard.read(url)
        except guard.Refused as error:
            raise forms.ValidationError(str(error)) from None
        return url


@admin.register(Endpoint)
class EndpointAdmin(Powerful, SupervisorsEdit):
    """Where to what happens is told."""

    form = EndpointForm
    list_display = ["name", "url", "state", "last_success_at", "last_error"]
    search_fields = ["name", "url"]
    ordering = ["name"]
    actions: list[str] = []
    readonly_fields = [
        "steps",
        "state",
        "last_success_at",
        "last_error",
        "last_error_at",
        "failing_since",
        "made_by",
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        own, told = (None, {"fields": ("name", "url", "active")}), ("Types", {"fields": ("types",)})
        if obj is None:
            return (own, told)
        health = (
            "steps",
            "state",
            "last_success_at",
            "last_error",
            "last_error_at",
            "failing_since",
            "made_by",
        )
        return (own, ("Health", {"fields": health}), told)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:object_id>/rotate/", self.admin_site.admin_view(power()(self.rotate)), name="webhooks_endpoint_rotate"),
            path("<int:object_id>/test/", self.admin_site.admin_view(self.test), name="webhooks_endpoint_test"),
        ]  # fmt: skip
        return [*own, *super().get_urls()]

    @display(
        description="State",
        label={"Works": "success", "Fails": "danger", "Off": "warning", "Not used yet": "info"},
    )
    def state(self, endpoint: Endpoint) -> str:
        if not endpoint.active:
            return "Off"
        if endpoint.failures:
            return "Fails"
        return "Works" if endpoint.last_success_at else "Not used yet"

    @display(description="Steps")
    def steps(self, endpoint: Endpoint) -> SafeString:
        return format_html(
            '<a class="desk-link" href="{}">Send a test</a> · <a class="desk-link" href="{}">Make a new secret</a> · '
            '<a class="desk-link" href="{}?endpoint__id__exact={}">See its deliveries</a>',
            reverse("admin:webhooks_endpoint_test", args=[endpoint.pk]),
            reverse("admin:webhooks_endpoint_rotate", args=[endpoint.pk]),
            reverse("admin:webhooks_delivery_changelist"),
            endpoint.pk,
        )

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        if not change:
            obj.made_by = cast(User, request.user)
            obj.secret = obj.renew_secret()  # type: ignore[attr-defined]
            obj.cursor = feed.end()
        if "active" in form.changed_data and change:
            obj.switch_on() if obj.active else obj.switch_off(Endpoint.Why.BY_HAND)
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Endpoint, post_url_continue: Any = None
    ) -> HttpResponse:
        back = reverse("admin:webhooks_endpoint_change", args=[obj.pk])
        return shown_once(request, f"The secret of “{obj.name}”", obj.secret, back=back)  # type: ignore[attr-defined]

    def rotate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """A new secret; the old one signs beside it for a day."""
        endpoint = self._one(request, object_id)
        back = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
        if request.method != "POST":
            text = "The old one goes on signing beside it for 24 hours: enough to put the new one in place."
            return self._ask(request, f"A new secret for “{endpoint.name}”?", text, "Make a new secret", back)
        secret = endpoint.renew_secret()
        endpoint.save(update_fields=["sealed_secret", "sealed_previous", "previous_until"])
        return shown_once(request, f"The new secret of “{endpoint.name}”", secret, back=back)

    def test(self, request: HttpRequest, object_id: int) -> HttpResponse:
        endpoint = self._one(request, object_id)
        back = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
        if request.method != "POST":
            text = "It gets a signed message of the type webhook.test that tells of nothing."
            return self._ask(request, f"Test “{endpoint.name}”?", text, "Send a test", back)
        delivery = delivering.test(endpoint)
        messages.success(request, "Sent. Its answer stands here in a moment: load the page again.")
        return redirect("admin:webhooks_delivery_change", delivery.pk)

    def _one(self, request: HttpRequest, object_id: int) -> Endpoint:
        endpoint = Endpoint.objects.filter(pk=object_id).first() if is_supervisor(request) else None
        if endpoint is None:
            raise Http404("No such webhook.")
        return endpoint

    def _ask(self, request: HttpRequest, title: str, text: str, button: str, cancel: str) -> HttpResponse:
        facts = {"title": title, "text": text, "button": button, "cancel": cancel, "lines": []}
        return render(request, "oversight/confirm.html", {**self.admin_site.each_context(request), **facts})


@admin.register(Delivery)
class DeliveryAdmin(SupervisorsRead):
    """What was sent where, and what was answered."""

    list_display = ["short_id", "endpoint", "type", "shown_state", "status", "created_at"]
    list_filter = ["state", ("endpoint", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["endpoint"]
    search_fields = ["=message_id", "=event__ticket__reference"]
    search_help_text = "A message’s id or a ticket’s reference"
    ordering = ["-id"]
    actions = ["send_again"]
    fields = [
        "message_id", "endpoint", "type", "shown_state", "attempts", "status", "error", "milliseconds", "created_at", "last_at",
        "next_at", "body",
    ]  # fmt: skip

    @display(description="State", label={"Delivered": "success", "Waits": "info", "Given up": "danger"})
    def shown_state(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())

    @display(description="Message")
    def short_id(self, delivery: Delivery) -> str:
        return f"{delivery.message_id[:12]}…"

    @display(description="Payload")
    def body(self, delivery: Delivery) -> SafeString:
        told = json.dumps(payload(delivery), indent=2, sort_keys=True)
        return format_html('<pre class="payload" tabindex="0">{}</pre>', told)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    @action(description="Send again, under the same id", permissions=["send_again"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        for delivery in queryset:
            delivery.again()
        self.message_user(request, f"{len(queryset)} will be sent again within seconds.")
