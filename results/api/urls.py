"""Addresses of the API of what a job has produced."""

from __future__ import annotations

from django.urls import path

from results.api import views

urlpatterns = [
    path("output-checks/", views.OutputChecks.as_view(), name="output-checks"),
    path("output-checks/<int:check>/", views.OneOutputCheck.as_view(), name="output-check"),
    path("jobs/<str:id>/checks/", views.JobChecksView.as_view(), name="job-checks"),
    path("jobs/<str:id>/decide/", views.HoldView.as_view(), name="job-decide"),
    path("jobs/<str:id>/compare/", views.CompareView.as_view(), name="job-compare"),
    path("jobs/<str:id>/metrics/", views.MetricsView.as_view(), name="job-metrics"),
    path("jobs/<str:id>/outputs/", views.OutputsView.as_view(), name="job-outputs"),
    path("jobs/<str:id>/outputs/preview/", views.PreviewView.as_view(), name="job-preview"),
    path("jobs/<str:id>/outputs/download/", views.DownloadView.as_view(), name="job-download"),
    path("jobs/<str:id>/records/", views.RecordsView.as_view(), name="job-records"),
    path("jobs/<str:id>/logs/", views.LogsView.as_view(), name="job-logs"),
    path("jobs/<str:id>/logs/text/", views.LogTextView.as_view(), name="job-logs-text"),
]
