"""Addresses of the pages of deployments."""

from __future__ import annotations

from django.urls import URLPattern, path

from deployments.pages import deployments, promotions, runs
from deployments.registry.pages.urls import urlpatterns as pages_of_registry

_DEPLOYMENT = "deployments/<slug:deployment>/"
_STAGE = f"{_DEPLOYMENT}stages/<slug:stage>/"

urlpatterns: list[URLPattern] = [
    *pages_of_registry,
    path("deployments/", deployments.deployments, name="deployments"),
    path("deployments/new/", deployments.new_deployment, name="new-deployment"),
    path("deployments/new/stages/", deployments.form_stages, name="new-deployment-stages"),
    path(_DEPLOYMENT, deployments.deployment, name="deployment"),
    path(f"{_DEPLOYMENT}edit/", deployments.edit_deployment, name="edit-deployment"),
    path(f"{_DEPLOYMENT}edit/stages/", deployments.form_stages, name="edit-deployment-stages"),
    path(f"{_DEPLOYMENT}delete/", deployments.delete_deployment, name="delete-deployment"),
    path(f"{_DEPLOYMENT}runs/<slug:run>/", runs.run, name="deployment-run"),
    path(f"{_DEPLOYMENT}runs/<slug:run>/log/", runs.step_log, name="deployment-run-log"),
    path(f"{_DEPLOYMENT}runs/<slug:run>/stop/", runs.stop_run, name="stop-deployment-run"),
    path(f"{_STAGE}promote/<int:version>/", promotions.promote, name="promote"),
    path(f"{_STAGE}reject/", promotions.reject, name="reject-promotion"),
    path(f"{_STAGE}roll-back/<int:version>/", promotions.roll_back, name="roll-back"),
    path(f"{_STAGE}run/", runs.run_now, name="run-stage"),
    path(f"{_STAGE}pause/", runs.pause, name="pause-stage"),
]
