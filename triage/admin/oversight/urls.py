"""Addresses of oversight below ``/admin/``."""

from django.urls import path

from triage.admin.oversight import head

urlpatterns = [
    path("switch/", head.switch_view, name="oversight-switch"),
]
