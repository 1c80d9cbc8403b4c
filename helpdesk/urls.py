"""All addresses. API paths have no trailing slash; pages have one."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from accounts.contract.views import ProblemsView
from helpdesk import views
from helpdesk.serving import views as watched
from triage.oversight import public

ROOMS = {"helpdesk", "triage", "tickets", "accounts"}
# Libraries bring pages of their own that show tokens and take any question to the database. Ours are the only ones.
for foreign in [model for model in admin.site._registry if model.__module__.split(".")[0] not in ROOMS]:
    admin.site.unregister(foreign)

api: list[URLPattern | URLResolver] = [
    path("", include("accounts.api_urls")),
    path("", include("tickets.api.urls")),
    path("", include("tickets.webhooks.api_urls")),
    path("", include("tickets.invitations.api_urls")),
    path("", include("triage.api.urls")),
    path("", include("triage.machines.api_urls")),
    path("problems", ProblemsView.as_view(), name="api-problems"),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
]

urlpatterns = [
    path("api/", include(api)),
    path("docs", RedirectView.as_view(pattern_name="api-docs")),
    path("admin/login/", views.admin_login),
    path("admin/", include("triage.admin.urls")),
    path("admin/", admin.site.urls),
    path("accounts/data/", include("tickets.own_data.urls")),
    path("accounts/", include("accounts.urls")),
    path("", include("tickets.invitations.urls")),
    path("trust/", public.trust, name="trust"),
    path("healthz", views.health, name="health"),
    path("readyz", watched.ready, name="ready"),
    path("metrics", watched.metrics, name="prometheus"),
    path("", include("triage.answers.help.urls")),
    path("", include("tickets.channels.widget.urls")),
    path("", include("tickets.channels.email.provider")),
    path("", include("tickets.channels.voice.urls")),
    path("", include("tickets.web.urls")),
]

if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("helpdesk.demo.urls")))

if settings.DEBUG:
    urlpatterns.insert(0, path("styleguide/", include("helpdesk.styleguide.urls")))

handler400 = "helpdesk.views.bad_request"
handler403 = "helpdesk.views.forbidden"
handler404 = "helpdesk.views.not_found"
handler500 = "helpdesk.views.server_error"
