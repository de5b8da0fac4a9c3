"""Addresses of the pages of what a job has produced."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from results.pages import checks, columns, comparing, downloads, figures, logs, metrics, outputs, records

urlpatterns = [
    path("jobs/compare/", comparing.compare, name="jobs-compare"),
    path("jobs/<str:key>/compare/rows.csv", comparing.changed_rows, name="compare-rows-csv"),
    path("jobs/<str:key>/results/", records.results, name="job-results"),
    path("jobs/<str:key>/results/figures/", figures.figures, name="job-results-figures"),
    path("jobs/<str:key>/results/columns/", columns.name_columns, name="job-columns"),
    path("jobs/<str:key>/results/checks/", checks.add, name="add-check"),
    path("jobs/<str:key>/results/checks/remove/", checks.remove, name="remove-check"),
    path("jobs/<str:key>/results/decide/", checks.decide, name="decide-hold"),
    path("jobs/<str:key>/results/rows.csv", downloads.matching_rows, name="job-rows-csv"),
    path("jobs/<str:key>/results/rows.parquet", downloads.matching_rows_parquet, name="job-rows-parquet"),
    path("jobs/<str:key>/results/outputs.zip", downloads.all_outputs, name="job-outputs-zip"),
    path("jobs/<str:key>/results/input/", records.download_input, name="input-download"),
    path("jobs/<str:key>/results/picture/", records.picture, name="job-picture"),
    path("jobs/<str:key>/outputs/", RedirectView.as_view(pattern_name="job-results", query_string=True)),
    path("jobs/<str:key>/outputs/preview/", outputs.preview, name="output-preview"),
    path("jobs/<str:key>/outputs/download/", outputs.download, name="output-download"),
    path("jobs/<str:key>/logs/", logs.logs, name="job-logs"),
    path("jobs/<str:key>/logs/since/", logs.since, name="job-logs-since"),
    path("jobs/<str:key>/logs/start/", logs.start, name="job-logs-start"),
    path("jobs/<str:key>/logs/streams/", logs.streams, name="job-logs-streams"),
    path("jobs/<str:key>/logs/jump/", logs.jump, name="job-logs-jump"),
    path("jobs/<str:key>/logs/hits/", logs.hits, name="job-logs-hits"),
    path("jobs/<str:key>/logs/number/", logs.number, name="job-logs-number"),
    path("jobs/<str:key>/logs/text/", logs.text, name="job-logs-text"),
    path("jobs/<str:key>/errors/", logs.errors, name="job-errors"),
    path("jobs/<str:key>/metrics/", metrics.metrics, name="job-metrics"),
    path("jobs/<str:key>/plots/", metrics.plots, name="job-plots"),
]
