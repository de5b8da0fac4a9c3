"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AssistantsConfig(AppConfig):
    """MCP for assistants; the app has no models."""

    name = "assistants"
    verbose_name = "Assistants"
