"""Mailboxes, and the account of all mail: for supervisors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordWidget

from accounts.admin import BoundedAdmin, SupervisorsRead, is_supervisor
from accounts.signin.powers import Powerful
from tickets.channels.email import fetching
from tickets.channels.email.account import account
from tickets.channels.email.fetching import MailboxError
from tickets.channels.email.models import AddressTrouble, InboundMail, Mailbox, Outcome, RawMail
from tickets.channels.email.taking import take_anyway


class MailboxForm(forms.ModelForm):
    password = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted and never shown again. Empty: the one that is kept stays.",
    )

    class Meta:
        model = Mailbox
        fields = (
            "address", "name", "active", "way", "host", "port", "security", "username", "password", "token_command",
            "folder", "trusted_server",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("way") != Mailbox.Way.HANDED:
            for name in ("host", "username"):
                if not values.get(name):
                    self.add_error(name, "Fetching mail needs this.")
            if values.get("security") == Mailbox.Security.NONE and values.get("host") not in {
                "localhost", "127.0.0.1", "::1", ""
            }:  # fmt: skip
                self.add_error("security", "Without TLS the password would travel in clear. Choose TLS.")
        return values

    def save(self, commit: bool = True) -> Mailbox:
        if self.cleaned_data.get("password"):
            self.instance.password = self.cleaned_data["password"]
        return super().save(commit)


@admin.register(Mailbox)
class MailboxAdmin(Powerful, BoundedAdmin):
    """The addresses that people write to."""

    form = MailboxForm
    list_display = ["address", "way", "active", "health", "last_success_at"]
    readonly_fields = ["last_success_at", "last_error", "last_error_at"]
    fieldsets = (
        (None, {"fields": ("address", "name", "active", "way")}),
        (
            "Server",
            {"fields": ("host", "port", "security", "username", "password", "token_command", "folder")},
        ),
        ("Trust", {"fields": ("trusted_server",)}),
        ("Health", {"fields": ("last_success_at", "last_error", "last_error_at")}),
    )
    actions_detail = ("test_connection",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def has_view_permission(self, request: HttpRequest, obj: Mailbox | None = None) -> bool:
        return is_supervisor(request)

    has_add_permission = has_module_permission
    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_test_connection_permission(
        self, request: HttpRequest, object_id: str | int | None = None
    ) -> bool:
        return is_supervisor(request)

    @display(description="Health", label={"Works": "success", "Fails": "danger", "Not read yet": "warning"})
    def health(self, mailbox: Mailbox) -> str:
        if mailbox.last_error:
            return "Fails"
        return "Works" if mailbox.last_success_at or mailbox.way == Mailbox.Way.HANDED else "Not read yet"

    @action(description="Test the connection", permissions=["test_connection"])
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        mailbox = self.get_object(request, object_id)
        if mailbox is None:
            raise Http404("No such mailbox.")
        try:
            messages.success(request, fetching.try_connection(mailbox))
        except MailboxError as error:
            messages.error(request, str(error))
        return redirect("admin:email_channel_mailbox_change", mailbox.pk)


class OutcomeFilter(admin.SimpleListFilter):
    title = "what became of it"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Outcome.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundMail]) -> QuerySet[InboundMail]:
        return queryset.filter(outcome=self.value()) if self.value() in Outcome.values else queryset


@admin.register(InboundMail)
class InboundMailAdmin(SupervisorsRead):
    """Every mail that came, what became of it, and why."""

    list_display = ["received_at", "sender", "subject", "became", "on_ticket", "reason"]
    list_display_links = ["subject"]
    list_filter = [OutcomeFilter, ("mailbox", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["ticket"]
    search_fields = ["=sender", "=internet_id", "=ticket__reference"]
    search_help_text = "A sender's whole address, a Message-ID or a ticket's reference"
    ordering = ["-id"]
    actions = ["take_anyway"]
    fields = [
        "received_at", "mailbox", "sender", "sender_verified", "subject", "became", "reason", "on_ticket", "shown_remarks",
        "size", "internet_id", "as_it_came",
    ]  # fmt: skip

    def has_take_anyway_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    @display(
        description="Became",
        label={
            "New ticket": "success", "Reply on a ticket": "success", "Put aside": "warning",
            "Report on a mail of ours": "info", "Came before": "info", "Written by a machine": "info",
        },
    )  # fmt: skip
    def became(self, mail: InboundMail) -> str:
        return mail.get_outcome_display()

    @display(description="Ticket")
    def on_ticket(self, mail: InboundMail) -> SafeString | str:
        if mail.ticket is None:
            return "–"
        url = reverse("admin:tickets_ticket_change", args=[mail.ticket.pk])
        return format_html('<a href="{}">{}</a>', url, mail.ticket.reference)

    @display(description="Remarks")
    def shown_remarks(self, mail: InboundMail) -> str:
        return "\n".join(mail.remarks) or "–"

    @display(description="As it came")
    def as_it_came(self, mail: InboundMail) -> SafeString | str:
        if not RawMail.objects.filter(pk=mail.pk).exists():
            return "No longer kept."
        return format_html('<a href="{}">Download</a>', reverse("admin:email_channel_raw", args=[mail.pk]))

    def get_urls(self) -> list[URLPattern]:
        raw = path("<int:pk>/raw", self.admin_site.admin_view(self.download), name="email_channel_raw")
        return [raw, *super().get_urls()]

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bytes as they came, always as a file: what a stranger sent is never shown by our server."""
        if not is_supervisor(request):
            raise Http404("No such mail.")
        raw = RawMail.objects.filter(pk=pk).first()
        if raw is None:
            raise Http404("No such mail.")
        headers = {
            "Content-Disposition": f'attachment; filename="mail-{pk}.eml"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(bytes(raw.content), content_type="application/octet-stream", headers=headers)

    @admin.action(description="Take anyway what was put aside", permissions=["take_anyway"])
    def take_anyway(self, request: HttpRequest, queryset: QuerySet[InboundMail]) -> None:
        chosen = list(queryset.filter(outcome__in=[Outcome.QUARANTINE, Outcome.IGNORED]))
        done = sum(take_anyway(mail) for mail in chosen)
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, f"{done} of {len(queryset)} mails are on a ticket now.", level)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        known = account()
        parts = ", ".join(f"{count:,} × {words.lower()}" for words, count in known.rows() if count)
        told = f"{known.total:,} mails in all: {parts}." if known.total else "No mail has come yet."
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": told})


@admin.register(AddressTrouble)
class AddressTroubleAdmin(SupervisorsRead):
    """Addresses to which mail does not come through."""

    list_display = ["address", "hard", "status", "last_at"]
    search_fields = ["=address"]
    ordering = ["-last_at"]
