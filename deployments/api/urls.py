"""Addresses of the API of deployments."""

from __future__ import annotations

from django.urls import URLPattern, path

from deployments.api import views
from deployments.registry.api.urls import urlpatterns as api_of_registry

_DEPLOYMENT = "deployments/<slug:deployment>/"
_STAGE = f"{_DEPLOYMENT}stages/<slug:stage>/"

urlpatterns: list[URLPattern] = [
    *api_of_registry,
    path("deployments/", views.Deployments.as_view(), name="deployments"),
    path("deployments/apply/", views.Apply.as_view(), name="deployment-apply"),
    path(_DEPLOYMENT, views.OneDeployment.as_view(), name="deployment"),
    path(f"{_DEPLOYMENT}export/", views.Export.as_view(), name="deployment-export"),
    path(f"{_DEPLOYMENT}promotions/", views.Promotions.as_view(), name="deployment-promotions"),
    path(
        f"{_DEPLOYMENT}promotions/<slug:promotion>/approve/",
        views.Approve.as_view(),
        name="promotion-approve",
    ),
    path(
        f"{_DEPLOYMENT}promotions/<slug:promotion>/reject/", views.Reject.as_view(), name="promotion-reject"
    ),
    path(f"{_DEPLOYMENT}runs/", views.Runs.as_view(), name="deployment-runs"),
    path(f"{_DEPLOYMENT}runs/<slug:run>/", views.OneRun.as_view(), name="deployment-run"),
    path(f"{_DEPLOYMENT}runs/<slug:run>/stop/", views.StopRun.as_view(), name="deployment-run-stop"),
    path(f"{_STAGE}promote/", views.Promote.as_view(), name="stage-promote"),
    path(f"{_STAGE}roll-back/", views.RollBack.as_view(), name="stage-roll-back"),
    path(f"{_STAGE}diff/", views.StageDifference.as_view(), name="stage-diff"),
    path(f"{_STAGE}pause/", views.Pause.as_view(), name="stage-pause"),
    path(f"{_STAGE}run/", views.RunNow.as_view(), name="stage-run"),
]
