"""Addresses of the instruments below ``/admin/``."""

from django.urls import path

from triage.admin.instruments import metrics

urlpatterns = [
    path("metrics/", metrics.metrics_page, name="triage-metrics"),
    path("metrics/export/", metrics.metrics_csv, name="triage-metrics-csv"),
    path("metrics/tickets/", metrics.behind_page, name="triage-behind"),
    path("metrics/tickets/export/", metrics.behind_csv, name="triage-behind-csv"),
]
