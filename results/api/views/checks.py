"""Output checks: list, add, look at, change, remove; their outcomes for a job, and the decision about held outputs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api.parameters import takes
from jobs.api.request_serializers import read_body
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Preset, RegisteredModel, TransformJob
from jobs.services.errors import InvalidFields
from results import check_history, checking, holding, output_checks
from results.api import serializers
from results.models import OutputCheck, OutputReading
from results.output_checks import CheckFields
from teams.models import Team


class OutputChecks(TeamView, generics.ListAPIView[OutputCheck]):
    """The output checks of the team's models, newest first."""

    serializer_class = serializers.CheckAnswer

    def get_queryset(self) -> QuerySet[OutputCheck]:
        """Those that the filters find."""
        if getattr(self, "swagger_fake_view", False):
            return OutputCheck.objects.none()
        columns = {"connection": "connection__slug", "model": "model_name", "preset": "preset__slug"}
        narrowed = {columns[name]: word for name, word in self.words.items() if name in columns and word}
        return output_checks.checks_for(self.member.team).filter(**narrowed)

    @takes(serializers.CheckQuery)
    @extend_schema(operation_id="output_checks_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List output checks."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="output_checks_create",
        request=serializers.CheckBody,
        responses={201: serializers.CheckAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Add a check, which later jobs of the model or preset are held against."""
        body = read_body(serializers.CheckBody, request.data)
        names = {name: body.pop(name, "") for name in ("connection", "model", "preset")}
        model, preset = _subject(self.member.team, **names)
        output_check = output_checks.add(
            model.connection,
            model.name,
            CheckFields(**body),
            by=self.member.user,
            preset=preset,
            token=self.token,
        )
        return Response(serializers.CheckAnswer(output_check).data, status=201)


def _subject(team: Team, connection: str, model: str, preset: str) -> tuple[RegisteredModel, Preset | None]:
    """The model and the preset that a check is about. Raises InvalidFields."""
    if preset:
        row = Preset.objects.for_team(team).select_related("model__connection").filter(slug=preset).first()
        if row is None or row.model is None:
            raise InvalidFields({"preset": ["There is no such preset with a model in this team."]})
        if connection not in ("", row.model.connection.slug) or model not in ("", row.model.name):
            raise InvalidFields({"preset": ["It has another model. Leave connection and model out."]})
        return row.model, row
    models = RegisteredModel.objects.for_team(team).select_related("connection")
    registered = models.filter(connection__slug=connection, connection__removed_at=None, name=model).first()
    if registered is None:
        raise InvalidFields({"model": ["The connection has no such model here."]})
    return registered, None


class OneOutputCheck(TeamView):
    """One output check."""

    def output_check(self, number: int) -> OutputCheck:
        """The team's check with this id; Http404 for any other."""
        output_check: OutputCheck = get_object_or_404(output_checks.checks_for(self.member.team), pk=number)
        return output_check

    @extend_schema(operation_id="output_checks_get", responses=serializers.CheckAnswer)
    def get(self, request: Request, check: int) -> Response:
        """A check."""
        return Response(serializers.CheckAnswer(self.output_check(check)).data)

    @extend_schema(
        operation_id="output_checks_change",
        request=serializers.CheckChangesBody,
        responses=serializers.CheckAnswer,
    )
    def patch(self, request: Request, check: int) -> Response:
        """Change some fields, for later jobs; what is left out stays."""
        row = self.output_check(check)
        changes = read_body(serializers.CheckChangesBody, request.data)
        changed = output_checks.change(row, changes, by=self.member.user, token=self.token)
        return Response(serializers.CheckAnswer(changed).data)

    @extend_schema(operation_id="output_checks_delete", responses={204: None})
    def delete(self, request: Request, check: int) -> Response:
        """Remove it; jobs that it holds stay held."""
        output_checks.remove(self.output_check(check), by=self.member.user, token=self.token)
        return Response(status=204)


class JobChecksView(TeamView):
    """The output checks of a job."""

    @extend_schema(operation_id="jobs_checks", responses=serializers.JobChecksAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The outcomes of the job's checks, the figures of the last runs, and whether its outputs are held."""
        return Response(_answer(self.job(id)))


class HoldView(TeamView):
    """The held outputs of a job."""

    @extend_schema(
        operation_id="jobs_decide", request=serializers.DecisionBody, responses=serializers.JobChecksAnswer
    )
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Accept or refuse the held outputs of a job; 409 if they are not held."""
        body = read_body(serializers.DecisionBody, request.data)
        accept = body["decision"] == "accept"
        job = self.job(id)
        holding.decide(job, accept=accept, note=body["note"], by=self.member.user, token=self.token)
        return Response(_answer(self.job(id)))


def _answer(job: TransformJob) -> dict[str, Any]:
    merged = queries.merged(job)
    first = merged.first
    reading = OutputReading.objects.filter(job=merged.planned_by, filter="").first()
    checks = checking.checks_of(first)
    figures = check_history.last_runs(first, checks)
    answer = {
        "pending": bool(checks) and holding.is_unchecked(first),
        "outcomes": reading.checks if reading else [],
        "checks": [{"check": row, "last_runs": figures[row.pk]} for row in checks],
        "hold": first.hold,
        "hold_note": first.hold_note or "",
        "hold_by": first.hold_by.get_username() if first.hold_by else "",
        "hold_at": first.hold_at,
    }
    return dict(serializers.JobChecksAnswer(answer).data)
