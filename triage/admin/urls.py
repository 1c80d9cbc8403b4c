"""Addresses below ``/admin/`` that belong to no table. They stand before the admin site's own."""

from django.contrib import admin
from django.urls import path

from triage.admin import pages

urlpatterns = [
    path("", admin.site.admin_view(pages.home), name="admin-home"),
    path("next/", admin.site.admin_view(pages.next_ticket), name="desk-next"),
    path("metrics/", pages.metrics_page, name="triage-metrics"),
    path("simulator/", pages.simulator, name="triage-simulator"),
]
