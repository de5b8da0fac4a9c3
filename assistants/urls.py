"""The address of MCP, without a slash at its end, as clients expect it."""

from __future__ import annotations

from django.urls import path

from assistants.views import Mcp

urlpatterns = [path("mcp", Mcp.as_view(), name="mcp")]
