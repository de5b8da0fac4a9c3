"""All addresses: health, admin, sign-in, the API and the pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from webapp import health
from webapp.metrics import metrics

handler500 = "webapp.errors.failed"

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics, name="metrics"),
    # Before the admin's own addresses: its sign-in is ours.
    path("", include("teams.urls")),
    path("admin/", admin.site.urls),
    path("", include("jobs.urls")),
]
