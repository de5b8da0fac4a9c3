"""Addresses of the API and the pages."""

from __future__ import annotations

from django.urls import include, path

from jobs.api import errors

urlpatterns = [
    path("api/v1/", include("jobs.api.urls")),
    path("api/<path:rest>", errors.not_found),
    path("", include("jobs.pages.urls")),
]
