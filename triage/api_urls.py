from django.urls import path

from triage import api

urlpatterns = [
    path("tickets/<str:reference>/resolve", api.ResolveView.as_view(), name="api-resolve"),
    path("admin/metrics", api.MetricsView.as_view(), name="api-metrics"),
]
