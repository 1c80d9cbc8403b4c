"""Addresses below ``/admin/`` that belong to no table. They stand before the admin site's own."""

from django.contrib import admin
from django.urls import include, path

from triage.admin import house, pages

urlpatterns = [
    path("", admin.site.admin_view(pages.home), name="admin-home"),
    path("next/", admin.site.admin_view(pages.next_ticket), name="desk-next"),
    path("metrics/", pages.metrics_page, name="triage-metrics"),
    path("house/", house.house_page, name="triage-house"),
    path("house/preview/", house.house_preview, name="triage-house-preview"),
    path("house/read/<int:answer_id>/", house.read_answer, name="triage-house-read"),
    path("house/automate/<int:answer_id>/", house.automate, name="triage-house-automate"),
    path("oversight/", include("triage.admin.oversight.urls")),
    path("simulator/", pages.simulator, name="triage-simulator"),
]
