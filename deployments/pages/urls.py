"""Addresses of the pages of deployments."""

from __future__ import annotations

from django.urls import URLPattern

from deployments.registry.pages.urls import urlpatterns as pages_of_registry

urlpatterns: list[URLPattern] = [*pages_of_registry]
