"""Addresses of the API."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import jobs.api.schema  # noqa: F401  # tells drf-spectacular of our two ways to authenticate
from jobs.api import errors, views

urlpatterns = [
    path("jobs/", views.Jobs.as_view(), name="jobs"),
    path("jobs/causes/", views.Causes.as_view(), name="job-causes"),
    path("jobs/bulk/", views.Bulk.as_view(), name="jobs-bulk"),
    path("jobs/many/", views.Many.as_view(), name="jobs-many"),
    path("jobs/trials/", views.Trials.as_view(), name="jobs-trials"),
    path("jobs/preflight/", views.Preflight.as_view(), name="job-preflight"),
    path("jobs/<str:id>/", views.Job.as_view(), name="job"),
    path("jobs/<str:id>/activity/", views.Acts.as_view(), name="job-activity"),
    path("jobs/<str:id>/stop/", views.Stop.as_view(), name="job-stop"),
    path("jobs/<str:id>/finish/", views.Finish.as_view(), name="job-finish"),
    path("jobs/<str:id>/retry/", views.Retry.as_view(), name="job-retry"),
    path("jobs/<str:id>/archive/", views.Archive.as_view(), name="job-archive"),
    path("jobs/<str:id>/restore/", views.Restore.as_view(), name="job-restore"),
    path("jobs/<str:id>/files/", views.Files.as_view(), name="job-files"),
    path("jobs/<str:id>/bad-records/", views.RecordSearches.as_view(), name="job-searches"),
    path("jobs/<str:id>/bad-records/plan/", views.SearchPlans.as_view(), name="job-search-plan"),
    path("jobs/<str:id>/bad-records/<slug:search>/", views.OneRecordSearch.as_view(), name="job-search"),
    path(
        "jobs/<str:id>/bad-records/<slug:search>/stop/",
        views.StopRecordSearch.as_view(),
        name="job-search-stop",
    ),
    path(
        "jobs/<str:id>/bad-records/<slug:search>/run/",
        views.RunWithoutBadRecords.as_view(),
        name="job-search-run",
    ),
    path("models/", views.Models.as_view(), name="models"),
    path("models/<int:pk>/", views.Model.as_view(), name="model"),
    path("models/<int:pk>/check/", views.ModelCheck.as_view(), name="model-check"),
    path("presets/", views.Presets.as_view(), name="presets"),
    path("presets/<slug:preset>/", views.OnePreset.as_view(), name="preset"),
    path("presets/<slug:preset>/default/", views.PresetDefault.as_view(), name="preset-default"),
    path("connections/", views.Connections.as_view(), name="connections"),
    path("connections/<slug:slug>/", views.OneConnection.as_view(), name="connection"),
    path("connections/<slug:slug>/test/", views.TestConnection.as_view(), name="connection-test"),
    path("connections/<slug:slug>/quotas/", views.AccountQuotas.as_view(), name="connection-quotas"),
    path("connections/<slug:slug>/browse/", views.Browse.as_view(), name="connection-browse"),
    path("connections/<slug:slug>/buckets/", views.Buckets.as_view(), name="connection-buckets"),
    path("connections/<slug:slug>/folders/", views.Folders.as_view(), name="connection-folders"),
    path("connections/<slug:slug>/objects/count/", views.Counts.as_view(), name="objects-count"),
    path("connections/<slug:slug>/engine-keys/", views.EngineKeys.as_view(), name="connection-engine-keys"),
    path(
        "connections/<slug:slug>/engine-keys/<slug:engine_key>/",
        views.OneEngineKey.as_view(),
        name="engine-key",
    ),
    path("connections/<slug:slug>/objects/", views.Objects.as_view(), name="connection-objects"),
    path("connections/<slug:slug>/conversions/", views.Conversions.as_view(), name="connection-conversions"),
    path(
        "connections/<slug:slug>/conversions/<slug:conversion>/",
        views.OneConversion.as_view(),
        name="conversion",
    ),
    path(
        "connections/<slug:slug>/conversions/<slug:conversion>/stop/",
        views.StopConversion.as_view(),
        name="conversion-stop",
    ),
    path("connections/<slug:slug>/uploads/", views.Uploads.as_view(), name="connection-uploads"),
    path("connections/<slug:slug>/uploads/<slug:upload>/", views.OneUpload.as_view(), name="upload"),
    path(
        "connections/<slug:slug>/uploads/<slug:upload>/parts/<int:part>/",
        views.UploadPart.as_view(),
        name="upload-part",
    ),
    path(
        "connections/<slug:slug>/uploads/<slug:upload>/complete/",
        views.CompleteUpload.as_view(),
        name="upload-complete",
    ),
    path("connections/<slug:slug>/prices/", views.Prices.as_view(), name="prices"),
    path("connections/<slug:slug>/prices/read/", views.ReadPrices.as_view(), name="prices-read"),
    path("views/", views.Views.as_view(), name="views"),
    path("views/<slug:slug>/", views.View.as_view(), name="view"),
    path("me/", views.Me.as_view(), name="me"),
    path("members/", views.Members.as_view(), name="members"),
    path("tokens/", views.Tokens.as_view(), name="tokens"),
    path("tokens/<int:token_pk>/", views.OneToken.as_view(), name="token"),
    path("activity/", views.TeamActivity.as_view(), name="activity"),
    path("trends/", views.TrendsOverTime.as_view(), name="trends"),
    path("budget/", views.TeamBudget.as_view(), name="budget"),
    path("costs/", views.Costs.as_view(), name="costs"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema", permission_classes=[], template_name="api/docs.html"
        ),
        name="docs",
    ),
    re_path(r"^", errors.not_found),
]
