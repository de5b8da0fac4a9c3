"""Schedules: list, make, look at, change, delete, pause, resume, run, and what becomes of their times."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.parameters import takes
from jobs.api.request_serializers import read_body
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.services.errors import InvalidFields, NotPossible
from schedules.api import answers, bodies
from schedules.models import Schedule, ScheduledRun
from schedules.models.schedule import PRESET
from schedules.services import drafting, scheduling
from schedules.services.listing import runs_of, schedules_of, search


class Schedules(TeamView, generics.ListAPIView[Schedule]):
    """The team's schedules, newest first."""

    serializer_class = answers.PresetScheduleAnswer

    def get_queryset(self) -> QuerySet[Schedule]:
        """Those that the filters find."""
        if getattr(self, "swagger_fake_view", False):
            return Schedule.objects.none()
        rows = search(schedules_of(self.member.team), self.words.get("q", ""))
        if preset := self.words.get("preset"):
            rows = rows.filter(preset__slug=preset)
        if (paused := self.words.get("paused")) is not None:
            rows = rows.filter(paused_at__isnull=not paused)
        return rows

    @takes(bodies.ScheduleQuery)
    @extend_schema(operation_id="schedules_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List schedules."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="schedules_create",
        request=bodies.ScheduleBody,
        responses={201: answers.PresetScheduleAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Put a preset on a schedule, which runs for the token's owner."""
        body = read_body(bodies.ScheduleBody, request.data)
        schedule = scheduling.create(self.member.team, body, by=self.member.user, token=self.token)
        return Response(answers.PresetScheduleAnswer(schedule).data, status=201)


class SchedulePreview(TeamView):
    """The next runs of a schedule that is not there yet."""

    @extend_schema(
        operation_id="schedules_preview",
        request=bodies.PreviewBody,
        responses=answers.NextRunAnswer(many=True),
    )
    def post(self, request: Request) -> Response:
        """The next five runs that these fields would make; with a preset, also what they would read and write."""
        draft = drafting.try_out(self.member, read_body(bodies.PreviewBody, request.data))
        problems = {name: texts for name, texts in draft.problems.items() if name in request.data}
        if problems:
            raise InvalidFields(problems)
        return Response(answers.NextRunAnswer(draft.runs, many=True).data)


class ScheduleView(TeamView):
    """A view of one schedule."""

    def schedule(self, slug: str) -> Schedule:
        """The team's schedule of this slug; Http404 for any other."""
        schedule: Schedule = get_object_or_404(schedules_of(self.member.team), slug=slug)
        return schedule

    def answer(self, slug: str) -> Response:
        """The schedule as it is now."""
        return Response(answers.PresetScheduleAnswer(self.schedule(slug)).data)


class OneSchedule(ScheduleView):
    """One schedule."""

    @extend_schema(operation_id="schedules_get", responses=answers.PresetScheduleAnswer)
    def get(self, request: Request, schedule: str) -> Response:
        """A schedule."""
        return self.answer(schedule)

    @extend_schema(
        operation_id="schedules_change",
        request=bodies.ScheduleChangesBody,
        responses=answers.PresetScheduleAnswer,
    )
    def patch(self, request: Request, schedule: str) -> Response:
        """Change some fields; from then on it runs for the token's owner."""
        row = self.schedule(schedule)
        _check_preset(row)
        changes = read_body(bodies.ScheduleChangesBody, request.data)
        scheduling.change(row, changes, by=self.member.user, token=self.token)
        return self.answer(schedule)

    @extend_schema(operation_id="schedules_delete", responses={204: None})
    def delete(self, request: Request, schedule: str) -> Response:
        """Delete it with what became of its times; its jobs stay. Its maker and the team's admins may."""
        row = self.schedule(schedule)
        _check_preset(row)
        if not scheduling.may_delete(row, self.member):
            raise PermissionDenied("Only the schedule's maker and team admins can delete it.")
        scheduling.delete(row, by=self.member.user, token=self.token)
        return Response(status=204)


def _check_preset(schedule: Schedule) -> None:
    if schedule.kind != PRESET:
        raise NotPossible("It is changed and deleted with what it runs.")


class PauseSchedule(ScheduleView):
    """Pausing a schedule."""

    @extend_schema(
        operation_id="schedules_pause",
        request=bodies.SchedulePauseBody,
        responses=answers.PresetScheduleAnswer,
    )
    @keyed
    def post(self, request: Request, schedule: str) -> Response:
        """Let it run no more until it is resumed; a run that waits is skipped. Nothing changes if it is paused."""
        row = self.schedule(schedule)
        reason = read_body(bodies.SchedulePauseBody, request.data or {}).get("reason", "")
        scheduling.pause(row, by=self.member.user, reason=reason, token=self.token)
        return self.answer(schedule)


class ResumeSchedule(ScheduleView):
    """Resuming a schedule."""

    @extend_schema(operation_id="schedules_resume", request=None, responses=answers.PresetScheduleAnswer)
    @keyed
    def post(self, request: Request, schedule: str) -> Response:
        """Let it run again, for the token's owner; times that passed meanwhile are not made up for."""
        scheduling.resume(self.schedule(schedule), by=self.member.user, token=self.token)
        return self.answer(schedule)


class RunSchedule(ScheduleView):
    """Running a schedule once."""

    @extend_schema(operation_id="schedules_run", request=None, responses={201: answers.RunAnswer})
    @keyed
    def post(self, request: Request, schedule: str) -> Response:
        """Run it once now, for the token's owner; a worker starts it."""
        run = scheduling.run_now(self.schedule(schedule), by=self.member.user, token=self.token)
        return Response(answers.RunAnswer(run).data, status=201)


class ScheduleRuns(ScheduleView, generics.ListAPIView[ScheduledRun]):
    """What became of a schedule's times, newest first."""

    serializer_class = answers.RunAnswer

    def get_queryset(self) -> QuerySet[ScheduledRun]:
        """Those in the state, if one is asked for."""
        if getattr(self, "swagger_fake_view", False):
            return ScheduledRun.objects.none()
        rows = runs_of(self.schedule(self.kwargs["schedule"]))
        return rows.filter(state=self.words["state"]) if "state" in self.words else rows

    @takes(bodies.RunQuery)
    @extend_schema(operation_id="schedules_runs")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List runs."""
        return super().get(request, *args, **kwargs)
