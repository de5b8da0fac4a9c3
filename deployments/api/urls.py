"""Addresses of the API of deployments."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
