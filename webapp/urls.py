"""All addresses: health, admin, sign-in, the API and the pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from assistants.urls import urlpatterns as mcp
from deployments.api.urls import urlpatterns as api_of_deployments
from jobs.api import errors
from jobs.api.urls import urlpatterns as api_of_jobs
from notifications.api.urls import urlpatterns as api_of_notifications
from results.api.urls import urlpatterns as api_of_results
from schedules.api.urls import urlpatterns as api_of_schedules
from tuning.api.urls import urlpatterns as api_of_tunings
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
    path(
        "api/v1/",
        include(
            (
                [
                    *api_of_deployments,
                    *api_of_notifications,
                    *api_of_schedules,
                    *api_of_tunings,
                    *api_of_results,
                    *api_of_jobs,
                ],
                "api",
            )
        ),
    ),
    path("api/<path:rest>", errors.not_found),
    *mcp,
    path("", include("help.urls")),
    path("", include("deployments.pages.urls")),
    path("", include("notifications.pages.urls")),
    path("", include("schedules.pages.urls")),
    path("", include("tuning.urls")),
    path("", include("results.pages.urls")),
    path("", include("jobs.pages.urls")),
]
