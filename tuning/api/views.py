"""Tunings: list, plan, begin, look at, stop."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api.parameters import PageQuery, takes
from jobs.api.request_serializers import read_body
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Preset
from jobs.services.errors import InvalidFields
from teams.models import Team
from tuning import services
from tuning.api import serializers
from tuning.models import Tuning
from tuning.services import BOUNDS, SETTINGS, SettingsGrid, TuningRequest, tunings_of


def _read(team: Team, data: object) -> TuningRequest:
    """What a body asks for. Raises InvalidFields."""
    body = read_body(serializers.TuningBody, data)
    grid = SettingsGrid(**{name: tuple(body[name]) for name in SETTINGS if name in body})
    bounds = {"grid": grid, **{name: body[name] for name in BOUNDS if name in body}}
    places = {name: body.get(name, "") for name in ("data", "output_path")}
    if slug := body.get("preset"):
        preset = Preset.objects.for_team(team).filter(slug=slug).first()
        if preset is None or body.get("job"):
            raise InvalidFields({"preset": ["It must be a preset of the team, without a job beside it."]})
        return services.request_of_preset(team, preset, places, **bounds)
    job = queries.jobs(team).filter(key=body.get("job", "")).first()
    if job is None:
        raise InvalidFields({"job": ["Give the id of a job of the team, or a preset."]})
    return services.request_of_job(job, **bounds)


class Tunings(TeamView, generics.ListAPIView[Tuning]):
    """The team's tunings, newest first."""

    serializer_class = serializers.TuningAnswer

    def get_queryset(self) -> QuerySet[Tuning]:
        """All of the team's."""
        if getattr(self, "swagger_fake_view", False):
            return Tuning.objects.none()
        return tunings_of(self.member.team)

    @takes(PageQuery)
    @extend_schema(operation_id="tunings_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List tunings."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="tunings_create",
        request=serializers.TuningBody,
        responses={201: serializers.TuningAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Run the combinations, one job after the other; `tunings_plan` says before what they may cost."""
        tuning = services.begin(_read(self.member.team, request.data), by=self.member.user, token=self.token)
        return Response(serializers.TuningAnswer(tuning).data, status=201)


class TuningPlans(TeamView):
    """What tunings would run."""

    @extend_schema(
        operation_id="tunings_plan", request=serializers.TuningBody, responses=serializers.PlanAnswer
    )
    def post(self, request: Request) -> Response:
        """What a tuning with this body would run, how long and for how much. Nothing is run."""
        tuning_plan = services.plan(_read(self.member.team, request.data))
        left_out = [{"settings": text, "reason": reason} for text, reason in tuning_plan.left_out]
        return Response(serializers.PlanAnswer({**asdict(tuning_plan), "left_out": left_out}).data)


class TuningView(TeamView):
    """A view of one tuning."""

    def tuning(self, key: str) -> Tuning:
        """The team's tuning with this id; Http404 for any other."""
        tuning: Tuning = get_object_or_404(tunings_of(self.member.team), key=key)
        return tuning


class OneTuning(TuningView):
    """One tuning."""

    @extend_schema(operation_id="tunings_get", responses=serializers.TuningAnswer)
    def get(self, request: Request, tuning: str) -> Response:
        """A tuning with what each combination gave."""
        return Response(serializers.TuningAnswer(self.tuning(tuning)).data)


class StopTuning(TuningView):
    """Stopping a tuning."""

    @extend_schema(operation_id="tunings_stop", request=None, responses=serializers.TuningAnswer)
    @keyed
    def post(self, request: Request, tuning: str) -> Response:
        """Stop it with the job that runs; a second request changes nothing. 409 once it has ended."""
        row = self.tuning(tuning)
        services.stop(row, by=self.member.user, token=self.token)
        return Response(serializers.TuningAnswer(row).data)
