"""Who may enter which part of the admin, and the people themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from accounts.models import Role, User
from accounts.signin.powers import Powerful

COUNTED = 1_000
ROW_ID = re.compile("[0-9]{1,18}")


def is_agent(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_agent


def reads_desk(request: HttpRequest) -> bool:
    """Agents, and auditors, who only read."""
    return request.user.is_authenticated and request.user.reads_desk


def reads_house(request: HttpRequest) -> bool:
    """Supervisors, and auditors, who only read."""
    return request.user.is_authenticated and request.user.reads_house


def is_supervisor(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_supervisor


def person(request: HttpRequest) -> User:
    """Whoever asks, behind a check that somebody is logged in."""
    return cast(User, request.user)


def roles_of(request: HttpRequest) -> list[Role]:
    """Those that whoever asks may give to others."""
    return [role for role in Role if role.rank <= person(request).rank] if is_supervisor(request) else []


def shown_once(request: HttpRequest, title: str, secret: str, *, back: str) -> HttpResponse:
    """The one page that shows a new secret; nothing keeps it, neither a session nor a cache."""
    context = {**admin.site.each_context(request), "title": title, "secret": secret, "back": back}
    page = render(request, "admin/shown_once.html", context)
    page["Cache-Control"] = "no-store"
    return page


class CappedPaginator(Paginator):
    """Counts no further than COUNTED rows: a list of a million costs what a list of a thousand does."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:COUNTED].count()


class RowChooser(AutocompleteSelect):
    """Finds a row as one types. What is no row's number, in a link or a forged form, shows as nothing chosen."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        return super().optgroups(name, [chosen for chosen in value if ROW_ID.fullmatch(chosen)], attrs)


def of_a_row(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """``view``, which is found only under an ``object_id`` that a row can have."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not ROW_ID.fullmatch(str(kwargs.get("object_id", "0"))):
            raise Http404("No such row.")
        return view(request, *args, **kwargs)

    return checked


class BoundedAdmin(ModelAdmin):
    """A list page whose cost does not grow with the table."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0

    def get_urls(self) -> list[URLPattern]:
        """The library's addresses; what names a row by anything but a number names nothing."""
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = of_a_row(pattern.callback)
        return patterns

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list's own filters ask for. Any other question is not shown to the database: nobody reads a
        password's hash letter by letter, and none of the lookups that a database does not know is tried."""
        own = {getattr(asked, "parameter_name", asked) for asked in self.get_list_filter(request)}
        return any(lookup == name or lookup.startswith(f"{name}__") for name in own)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list. A filter's value that its column cannot have shows the list without filters, and says so."""
        if not all(ROW_ID.fullmatch(chosen) for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("What is no row was chosen.")
        try:
            return super().changelist_view(request, extra_context)
        except (OverflowError, DataError):
            if request.method != "GET" or ERROR_FLAG in request.GET:
                raise
            return redirect(f"{request.path}?{ERROR_FLAG}=1")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RowChooser(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class DeskReaders(BoundedAdmin):
    """Agents and auditors look; what agents may do is written out where it is allowed."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return reads_desk(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reads_desk(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SupervisorsRead(DeskReaders):
    """Supervisors look; nobody changes anything here. Auditors look where ``auditors_read`` says so."""

    auditors_read = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reads_house(request) if self.auditors_read else is_supervisor(request)


class SupervisorsEdit(SupervisorsRead):
    """Supervisors write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_supervisor(request)


@admin.register(User)
class UserAdmin(Powerful, SupervisorsEdit):
    """Roles. People are switched off, never deleted: the audit trail names them."""

    auditors_read = True
    list_display = ["email", "name", "role", "is_active", "date_joined"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["date_joined", "last_login"]
    fields = ["email", "name", "role", "is_active", "date_joined", "last_login"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """The address is changed by its owner, who must prove it."""
        return self.readonly_fields if obj is None else ["email", *self.readonly_fields]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Supervisors change others, not themselves (nobody locks the last one out) and nobody who ranks above them."""
        if not is_supervisor(request) or obj is None:
            return is_supervisor(request)
        asks = person(request)
        return obj != asks and obj.rank <= asks.rank and (asks.is_superuser or not obj.is_superuser)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Nobody gives a role that ranks above their own."""
        if db_field.name == "role":
            kwargs["choices"] = [(role.value, role.label) for role in roles_of(request)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        facts = {name: form.cleaned_data[name] for name in ("name", "role", "is_active")}
        created = User.objects.create_user(form.cleaned_data["email"], None, **facts)
        obj.pk = created.pk
        obj._state.adding = False
        advice = "ask them to choose one with “Forgot password” on the login page."
        self.message_user(request, f"{created.email} has no password yet: {advice}")
