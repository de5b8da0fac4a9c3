"""Deployments: list, make, get, change, delete; their promotions and their runs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api import serializers
from deployments.models import Deployment, DeploymentRun, Promotion, Stage
from deployments.services import comparing, editing, files, pausing, promoting, queries, running, seed_folder
from jobs.api import request_serializers
from jobs.api.parameters import NumberParameter, PageQuery, Query, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.services.errors import InvalidFields, NotPossible
from teams.access import require
from teams.models import Role


class DeploymentView(TeamView):
    """A view of one deployment or of what belongs to it."""

    def deployment(self, slug: str) -> Deployment:
        """The team's deployment of this slug; Http404 for any other."""
        deployment: Deployment = get_object_or_404(queries.deployments(self.member.team), slug=slug)
        return deployment

    def stage(self, deployment: str, slug: str) -> Stage:
        """A stage of the team's deployment; Http404 for any other."""
        stage = queries.find_stage(self.deployment(deployment), slug)
        if stage is None:
            raise Http404
        return stage

    def answer(self, deployment: Deployment, status: int = 200) -> Response:
        """The deployment as it is now."""
        context = {"request": self.request}
        return Response(
            serializers.DeploymentAnswer(self.deployment(deployment.slug), context=context).data, status
        )

    def run_answer(self, run: DeploymentRun, status: int = 200) -> Response:
        """The run as it is now."""
        row = queries.runs(self.member.team).get(pk=run.pk)
        return Response(serializers.StageRunAnswer(row, context={"request": self.request}).data, status)


class Deployments(DeploymentView, generics.ListAPIView[Deployment]):
    """The team's deployments."""

    serializer_class = serializers.DeploymentAnswer

    def get_queryset(self) -> QuerySet[Deployment]:
        """All of the team's."""
        if getattr(self, "swagger_fake_view", False):
            return Deployment.objects.none()
        return queries.deployments(self.member.team)

    @takes(PageQuery)
    @extend_schema(operation_id="deployments_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List deployments."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="deployments_create",
        request=serializers.DeploymentBody,
        responses={201: serializers.DeploymentAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Make a deployment; its registry is asked for a version soon after."""
        fields = request_serializers.fields_of(request.data)
        deployment = editing.create(self.member.team, fields, by=self.member.user, token=self.token)
        return self.answer(deployment, 201)


class OneDeployment(DeploymentView):
    """One deployment."""

    @extend_schema(operation_id="deployments_get", responses=serializers.DeploymentAnswer)
    def get(self, request: Request, deployment: str) -> Response:
        """A deployment with its stages."""
        return self.answer(self.deployment(deployment))

    @extend_schema(
        operation_id="deployments_change",
        request=serializers.DeploymentBody(partial=True),
        responses=serializers.DeploymentAnswer,
    )
    def patch(self, request: Request, deployment: str) -> Response:
        """Change it; what is left out stays. `stages` replaces the list."""
        row, changes = self.deployment(deployment), request_serializers.fields_of(request.data)
        return self.answer(editing.change(row, changes, member=self.member, token=self.token))

    @extend_schema(operation_id="deployments_delete", responses={204: None})
    def delete(self, request: Request, deployment: str) -> Response:
        """Delete it with its promotions and runs; for admins. Models and jobs stay."""
        require(self.member, Role.ADMIN)
        editing.delete(self.deployment(deployment), by=self.member.user, token=self.token)
        return Response(status=204)


class Apply(DeploymentView):
    """A deployment's file."""

    @extend_schema(
        operation_id="deployments_apply",
        request=serializers.ApplyBody,
        responses=serializers.AppliedAnswer,
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Make or change the deployment that the file names."""
        body = request_serializers.read_body(serializers.ApplyBody, request.data)
        applied = files.apply_file(
            self.member, files.check_body(body["deployment"]), save=not body["dry_run"], token=self.token
        )
        answer = {"slug": applied.deployment.slug, "is_new": applied.is_new, "changes": applied.changes}
        return Response(serializers.AppliedAnswer(answer).data)


class Export(DeploymentView):
    """A deployment as files."""

    @extend_schema(operation_id="deployments_export", responses=serializers.ExportAnswer)
    def get(self, request: Request, deployment: str) -> Response:
        """The YAML file that `apply` takes, and the folder of a batch inference project."""
        row, problem = self.deployment(deployment), ""
        try:
            folder = seed_folder.folder_of(row)
        except NotPossible as error:
            folder, problem = {}, str(error)
        answer = {"file": files.write_file(row), "folder": folder, "problem": problem}
        return Response(serializers.ExportAnswer(answer).data)


class Promotions(DeploymentView, generics.ListAPIView[Promotion]):
    """The promotions of a deployment."""

    serializer_class = serializers.PromotionAnswer

    def get_queryset(self) -> QuerySet[Promotion]:
        """Those of all its stages."""
        if getattr(self, "swagger_fake_view", False):
            return Promotion.objects.none()
        deployment = self.deployment(self.kwargs["deployment"])
        return queries.promotions(self.member.team).filter(stage__deployment=deployment)

    @takes(PageQuery)
    @extend_schema(operation_id="deployments_promotions")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List what was offered, promoted, rejected and rolled back."""
        return super().get(request, *args, **kwargs)


class PromotionDecision(DeploymentView):
    """A decision on a promotion that has not ended."""

    approves = True

    def post(self, request: Request, deployment: str, promotion: str) -> Response:
        """Approve or reject it."""
        rows = queries.promotions(self.member.team).filter(stage__deployment=self.deployment(deployment))
        row: Promotion = get_object_or_404(rows, key=promotion)
        if row.stage.needs_approval:
            require(self.member, Role.ADMIN)
        body = request_serializers.read_body(serializers.NoteBody, request.data)
        decide = promoting.approve if self.approves else promoting.reject
        decide(row, member=self.member, note=body.get("note", ""), token=self.token)
        return Response(serializers.PromotionAnswer(rows.get(pk=row.pk)).data)


class Approve(PromotionDecision):
    """An approval."""

    @extend_schema(
        operation_id="deployments_approve",
        request=serializers.NoteBody,
        responses=serializers.PromotionAnswer,
    )
    @keyed
    def post(self, request: Request, deployment: str, promotion: str) -> Response:
        """Approve it; for a stage that needs approval this needs the role admin."""
        return super().post(request, deployment, promotion)


class Reject(PromotionDecision):
    """A rejection."""

    approves = False

    @extend_schema(
        operation_id="deployments_reject",
        request=serializers.NoteBody,
        responses=serializers.PromotionAnswer,
    )
    @keyed
    def post(self, request: Request, deployment: str, promotion: str) -> Response:
        """Reject it; for a stage that needs approval this needs the role admin."""
        return super().post(request, deployment, promotion)


class Promote(DeploymentView):
    """A promotion to a stage."""

    @extend_schema(
        operation_id="deployments_promote",
        request=serializers.PromoteBody,
        responses={202: serializers.PromotionAnswer},
    )
    @keyed
    def post(self, request: Request, deployment: str, stage: str) -> Response:
        """Promote a version; where the stage needs approval, an operator's request waits for an admin."""
        row = self.stage(deployment, stage)
        body = request_serializers.read_body(serializers.PromoteBody, request.data)
        version = body.get("version") or promoting.next_version(row)
        if version is None:
            raise InvalidFields({"version": [f"There is no further version for {row.name}."]})
        promotion = promoting.request(
            row, version, member=self.member, note=body.get("note", ""), token=self.token
        )
        return Response(serializers.PromotionAnswer(promotion).data, 202)


class RollBack(DeploymentView):
    """A roll back of a stage."""

    @extend_schema(
        operation_id="deployments_roll_back",
        request=serializers.RollBackBody,
        responses={202: serializers.PromotionAnswer},
    )
    @keyed
    def post(self, request: Request, deployment: str, stage: str) -> Response:
        """Go back to a version that ran there before; where the stage needs approval, for admins."""
        row = self.stage(deployment, stage)
        if row.needs_approval:
            require(self.member, Role.ADMIN)
        body = request_serializers.read_body(serializers.RollBackBody, request.data)
        promotion = promoting.roll_back(
            row, body["version"], member=self.member, note=body.get("note", ""), token=self.token
        )
        return Response(serializers.PromotionAnswer(promotion).data, 202)


class VersionQuery(Query):
    """The version that a stage is compared with."""

    version = NumberParameter(help_text="A version of the group; by default the next one for the stage.")


class StageDifference(DeploymentView):
    """What a promotion would change."""

    @takes(VersionQuery)
    @extend_schema(operation_id="deployments_diff", responses=serializers.ComparisonAnswer)
    def get(self, request: Request, deployment: str, stage: str) -> Response:
        """Compare a version with the one in the stage, and the stage's settings with those of the stage before."""
        row = self.stage(deployment, stage)
        version = self.words.get("version") or promoting.next_version(row) or row.version
        if version is None:
            raise InvalidFields({"version": [f"There is no version for {row.name} yet."]})
        return Response(serializers.ComparisonAnswer(comparing.compare(row, version)).data)


class Pause(DeploymentView):
    """The pause of a stage's schedule."""

    @extend_schema(
        operation_id="deployments_pause",
        request=serializers.PauseBody,
        responses=serializers.StageAnswer,
    )
    @keyed
    def post(self, request: Request, deployment: str, stage: str) -> Response:
        """Pause or resume the stage's schedule."""
        row = self.stage(deployment, stage)
        body = request_serializers.read_body(serializers.PauseBody, request.data)
        act = pausing.pause if body["paused"] else pausing.resume
        act(row, by=self.member.user, token=self.token)
        return Response(serializers.StageAnswer(self.stage(deployment, stage)).data)


class RunNow(DeploymentView):
    """A run that a person or a program asks for."""

    @extend_schema(operation_id="deployments_run", request=None, responses={202: serializers.StageRunAnswer})
    @keyed
    def post(self, request: Request, deployment: str, stage: str) -> Response:
        """Run the version that is deployed in the stage now."""
        run = running.run_now(self.stage(deployment, stage), by=self.member.user, token=self.token)
        return self.run_answer(run, 202)


class Runs(DeploymentView, generics.ListAPIView[DeploymentRun]):
    """The runs of a deployment."""

    serializer_class = serializers.StageRunAnswer

    def get_queryset(self) -> QuerySet[DeploymentRun]:
        """Those of all its stages."""
        if getattr(self, "swagger_fake_view", False):
            return DeploymentRun.objects.none()
        deployment = self.deployment(self.kwargs["deployment"])
        return queries.runs(self.member.team).filter(stage__deployment=deployment)

    @takes(PageQuery)
    @extend_schema(operation_id="deployments_runs")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List runs with their steps."""
        return super().get(request, *args, **kwargs)


class OneRun(DeploymentView):
    """One run."""

    def find(self, deployment: str, run: str) -> DeploymentRun:
        """The team's run with this id; Http404 for any other."""
        rows = queries.runs(self.member.team).filter(stage__deployment__slug=deployment)
        row: DeploymentRun = get_object_or_404(rows, key=run)
        return row

    @extend_schema(operation_id="deployments_run_get", responses=serializers.StageRunAnswer)
    def get(self, request: Request, deployment: str, run: str) -> Response:
        """A run with its steps."""
        return self.run_answer(self.find(deployment, run))


class StopRun(OneRun):
    """The stop of a run."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="deployments_run_stop", request=None, responses={202: serializers.StageRunAnswer}
    )
    @keyed
    def post(self, request: Request, deployment: str, run: str) -> Response:
        """Stop the step that runs; the steps after it do not run."""
        row = running.stop(self.find(deployment, run), by=self.member.user, token=self.token)
        return self.run_answer(row, 202)
