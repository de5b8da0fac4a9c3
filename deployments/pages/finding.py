"""The team's rows that an address names."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from deployments.models import Deployment, DeploymentRun, Stage
from deployments.services import queries
from teams.models import Team


def find_deployment(team: Team, slug: str) -> Deployment:
    """The team's deployment of this slug; Http404 for any other."""
    deployment: Deployment = get_object_or_404(queries.deployments(team), slug=slug)
    return deployment


def find_stage(team: Team, deployment: str, slug: str) -> Stage:
    """A stage of the team's deployment; Http404 for any other."""
    stage = queries.find_stage(find_deployment(team, deployment), slug)
    if stage is None:
        raise Http404
    return stage


def find_run(team: Team, deployment: str, key: str) -> DeploymentRun:
    """A run of the team's deployment; Http404 for any other."""
    run: DeploymentRun = get_object_or_404(queries.runs(team), stage__deployment__slug=deployment, key=key)
    return run
