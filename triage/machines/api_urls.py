from django.urls import path

from triage.machines.api import McpView

urlpatterns = [path("mcp", McpView.as_view(), name="api-mcp")]
