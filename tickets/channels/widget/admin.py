"""Where the widget may stand: for supervisors."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import BoundedAdmin, is_supervisor
from accounts.signin.powers import Powerful
from tickets.channels.widget.models import Site


@admin.register(Site)
class SiteAdmin(Powerful, BoundedAdmin):
    list_display = ["name", "key", "origins", "active"]
    fields = ["name", "origins", "active", "snippet"]
    readonly_fields = ["snippet"]
    search_fields = ["name", "origins"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def has_view_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return is_supervisor(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def has_change_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return is_supervisor(request)

    def has_delete_permission(self, request: HttpRequest, obj: Site | None = None) -> bool:
        return is_supervisor(request)

    @admin.display(description="Put this into the pages of the site")
    def snippet(self, site: Site) -> SafeString | str:
        if site.pk is None:
            return "Save first."
        return format_html("<code>{}</code>", snippet(site))


def snippet(site: Site) -> str:
    """What the site's owner puts into its pages: a link that works alone, and the script that opens it in place."""
    page = f"{settings.SITE_URL}{reverse('widget', args=[site.key])}"
    script = f"{settings.SITE_URL}{reverse('widget-script')}"
    return f'<a href="{page}" data-helpdesk>Help</a>\n<script src="{script}" data-key="{site.key}" async></script>'
