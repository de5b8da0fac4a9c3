"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from jobs.pages import connections, costs, history, home, many, models, new_job, outputs, preflight, presets
from jobs.pages.job import actions, activity, files, logs, metrics, overview, request, results

urlpatterns = [
    path("", home.home, name="home"),
    path("sample/run/", home.run_sample, name="run-sample"),
    path("jobs/", history.history, name="jobs"),
    path("jobs/export.csv", history.export, name="jobs-csv"),
    path("jobs/many/", many.many, name="jobs-many"),
    path("jobs/new/", new_job.new_job, name="new-job"),
    path("jobs/new/preflight/", preflight.check, name="preflight"),
    path("jobs/<str:key>/", overview.overview, name="job"),
    path("jobs/<str:key>/files/", files.files, name="job-files"),
    path("jobs/<str:key>/files/export.csv", files.export, name="job-files-csv"),
    path("jobs/<str:key>/results/", results.results, name="job-results"),
    path("jobs/<str:key>/results/input/", results.download_input, name="input-download"),
    path("jobs/<str:key>/results/picture/", results.picture, name="job-picture"),
    path("jobs/<str:key>/outputs/", RedirectView.as_view(pattern_name="job-results", query_string=True)),
    path("jobs/<str:key>/outputs/preview/", outputs.preview, name="output-preview"),
    path("jobs/<str:key>/outputs/download/", outputs.download, name="output-download"),
    path("jobs/<str:key>/logs/", logs.logs, name="job-logs"),
    path("jobs/<str:key>/errors/", logs.errors, name="job-errors"),
    path("jobs/<str:key>/metrics/", metrics.metrics, name="job-metrics"),
    path("jobs/<str:key>/request/", request.sent, name="job-request"),
    path("jobs/<str:key>/activity/", activity.activity, name="job-activity"),
    path("jobs/<str:key>/stop/", actions.stop, name="job-stop"),
    path("jobs/<str:key>/finish/", actions.finish, name="job-finish"),
    path("jobs/<str:key>/retry/", actions.retry, name="job-retry"),
    path("jobs/<str:key>/archive/", actions.archive, name="job-archive"),
    path("jobs/<str:key>/restore/", actions.restore, name="job-restore"),
    path("models/", models.models, name="models"),
    path("models/new/", models.new_model, name="new-model"),
    path("models/<int:pk>/", models.model, name="model"),
    path("models/<int:pk>/check/", models.check_archives, name="model-check"),
    path("presets/", presets.presets, name="presets"),
    path("presets/new/", presets.new_preset, name="new-preset"),
    path("presets/<slug:preset>/", presets.preset, name="preset"),
    path("presets/<slug:preset>/edit/", presets.edit_preset, name="edit-preset"),
    path("presets/<slug:preset>/delete/", presets.delete_preset, name="delete-preset"),
    path("presets/<slug:preset>/default/", presets.default_preset, name="default-preset"),
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.new_connection, name="new-connection"),
    path("connections/<slug:slug>/", connections.connection, name="connection"),
    path("connections/<slug:slug>/remove/", connections.remove_connection, name="remove-connection"),
    path("connections/<slug:slug>/quotas/", connections.read_quotas, name="read-quotas"),
    path("connections/<slug:slug>/prices/", costs.prices, name="prices"),
    path("connections/<slug:slug>/prices/set/", costs.set_price, name="set-price"),
    path("connections/<slug:slug>/prices/read/", costs.read_prices, name="read-prices"),
    path("connections/<slug:slug>/test/", connections.test_connection, name="test-connection"),
    path("costs/", costs.costs, name="costs"),
]
