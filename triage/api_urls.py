from django.urls import path

from triage import api
from triage.machines.api import McpView

urlpatterns = [
    path("mcp", McpView.as_view(), name="api-mcp"),
    path("tickets/<str:reference>/resolve", api.ResolveView.as_view(), name="api-resolve"),
    path("admin/metrics", api.MetricsView.as_view(), name="api-metrics"),
]
