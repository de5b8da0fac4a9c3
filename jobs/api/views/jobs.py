"""Jobs: list, submit, get, stop, finish, retry, archive."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api import request_serializers, serializers
from jobs.api.filters import JobFilterQuery, JobsQuery, read_filter
from jobs.api.pagination import InOrder
from jobs.api.parameters import takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import TransformJob
from jobs.services.attempts import archiving, attempts, stopping
from jobs.services.listing import history
from jobs.services.listing.display import for_display
from jobs.services.submitting import preflight, presets, trials
from jobs.services.submitting.replacing import Outputs


class Jobs(TeamView, generics.ListAPIView[TransformJob]):
    """The team's jobs, newest first."""

    serializer_class = serializers.JobAnswer
    pagination_class = InOrder

    def get_queryset(self) -> QuerySet[TransformJob]:
        """The jobs that match the query parameters."""
        if getattr(self, "swagger_fake_view", False):
            return TransformJob.objects.none()
        return queries.jobs(self.member.team, read_filter(self.words).for_user(self.member.user))

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of jobs; waiting jobs have their place in line."""
        return for_display(super().paginate_queryset(queryset) or [])

    @takes(JobsQuery)
    @extend_schema(operation_id="jobs_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List jobs."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="jobs_submit",
        request=request_serializers.JobBody,
        responses={201: serializers.JobAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Submit a job. It is created in SageMaker soon after; follow its `state`."""
        fields = request_serializers.fields_of(request.data)
        replace = request_serializers.take_replace_outputs(fields)
        job = presets.submit(self.member, fields, token=self.token, replace_outputs=replace)
        return _created(job, request)


class Causes(TeamView):
    """Why jobs failed."""

    @takes(JobFilterQuery)
    @extend_schema(operation_id="jobs_causes", responses=serializers.CausesAnswer)
    def get(self, request: Request) -> Response:
        """Count the failed jobs that match the filters of the list by cause, the most frequent first."""
        job_filter = read_filter(self.words).for_user(self.member.user)
        failures = queries.failures_matching(self.member.team, job_filter)
        return Response(serializers.CausesAnswer({"results": failures}).data)


class Preflight(TeamView):
    """Preflight: check a job before it is submitted."""

    @extend_schema(
        operation_id="jobs_preflight",
        request=request_serializers.JobBody,
        responses=serializers.PreflightAnswer,
    )
    def post(self, request: Request) -> Response:
        """Check this body as submitting would. Nothing is written, here or in S3."""
        fields = request_serializers.fields_of(request.data)
        request_serializers.take_replace_outputs(fields)
        body, _ = presets.fill_in_preset(self.member.team, fields)
        report = preflight.run(self.member.team, body)
        return Response(serializers.PreflightAnswer(report).data)


class Trials(TeamView):
    """Trials: jobs on the first records of an input."""

    @extend_schema(
        operation_id="jobs_try",
        request=request_serializers.TrialBody,
        responses={201: serializers.JobAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Write the first records of the input to a folder of their own, and submit a job on them, with all settings of
        the body.
        """
        fields = request_serializers.fields_of(request.data)
        count = request_serializers.take_records(fields)
        request_serializers.take_replace_outputs(fields)
        body = presets.check_body(self.member, fields)
        job = trials.begin(
            body.connection,
            body.spec,
            body.options,
            count,
            by=self.member.user,
            token=self.token,
            preset=body.preset,
        )
        return _created(job, request)


class Job(TeamView):
    """One job."""

    @extend_schema(operation_id="jobs_get", responses=serializers.JobDetailAnswer)
    def get(self, request: Request, id: str) -> Response:
        """A job with its request and timeline."""
        return Response(serializers.JobDetailAnswer(self.job(id), context={"request": request}).data)


class Acts(TeamView):
    """The acts of people on one job."""

    @extend_schema(operation_id="jobs_activity", responses=serializers.ActsAnswer)
    def get(self, request: Request, id: str) -> Response:
        """List who submitted, stopped, cloned or archived the job, newest first."""
        return Response(serializers.ActsAnswer({"results": history.acts(self.job(id))}).data)


class Stop(TeamView):
    """Stop one job."""

    @extend_schema(operation_id="jobs_stop", request=None, responses={202: serializers.JobAnswer})
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Stop a job, or withdraw it while it waits; repeating this is harmless until it has ended."""
        job = stopping.stop(self.job(id), by=self.member.user, token=self.token)
        return Response(serializers.JobAnswer(job, context={"request": request}).data, status=202)


class Finish(TeamView):
    """Finish a job: write the outputs that are missing."""

    @extend_schema(
        operation_id="jobs_finish",
        request=request_serializers.FinishBody,
        responses={201: serializers.JobAnswer},
    )
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Submit the next attempt over the inputs that have no output; 409 says why that is not possible."""
        job, fields = (
            self.job(id),
            request_serializers.read_body(request_serializers.FinishBody, request.data),
        )
        attempt = attempts.finish_missing(
            job,
            by=self.member.user,
            token=self.token,
            name=fields.get("name"),
            replace_outputs=fields["replace_outputs"],
        )
        return _created(attempt, request)


class Retry(TeamView):
    """Run a job again."""

    @extend_schema(
        operation_id="jobs_retry",
        request=request_serializers.RetryBody,
        responses={201: serializers.JobAnswer},
    )
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Submit the same request under a new name as the next attempt; 409 while one is still running.

        Also 409 if objects would be replaced and the body does not allow it.
        """
        job, fields = self.job(id), request_serializers.read_body(request_serializers.RetryBody, request.data)
        attempt = attempts.retry(
            job,
            by=self.member.user,
            token=self.token,
            name=fields.get("name"),
            output_path=fields.get("output_path"),
            outputs=Outputs.REPLACE if fields["replace_outputs"] else Outputs.REFUSE,
        )
        return _created(attempt, request)


class Archive(TeamView):
    """Archive a job."""

    @extend_schema(operation_id="jobs_archive", request=None, responses=serializers.JobAnswer)
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Leave an ended job out of lists; 409 for one that has not ended or is archived already."""
        job = archiving.archive(self.job(id), by=self.member.user, token=self.token)
        return Response(serializers.JobAnswer(job, context={"request": request}).data)


class Restore(TeamView):
    """Restore a job from the archive."""

    @extend_schema(operation_id="jobs_restore", request=None, responses=serializers.JobAnswer)
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Show an archived job in lists again; 409 for one that is not archived."""
        job = archiving.restore(self.job(id), by=self.member.user, token=self.token)
        return Response(serializers.JobAnswer(job, context={"request": request}).data)


def _created(job: TransformJob, request: Request) -> Response:
    answer = serializers.JobAnswer(job, context={"request": request}).data
    return Response(answer, status=201, headers={"Location": answer["api_url"]})
