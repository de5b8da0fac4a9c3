"""Deployments, their stages, promotions and runs in answers, and the bodies of requests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from deployments.models import Deployment, DeploymentRun, Promotion, RunStep, Stage
from deployments.services import pausing, queries
from deployments.services.stage_schedules import describe_schedule
from jobs.api.body_fields import JsonFlag, ServiceText
from teams.models import User


def user_name(user: User | None) -> str:
    """The person's user name; empty if nobody acted or the account is deleted."""
    return user.get_username() if user else ""


class ScheduleAnswer(serializers.Serializer[Any]):
    """When a stage runs by itself."""

    expression = serializers.CharField()
    timezone = serializers.CharField()
    overlap = serializers.CharField()
    catch_up = serializers.CharField()


class PromotionAnswer(serializers.ModelSerializer[Promotion]):
    """A version on its way into a stage. `problem` says which call failed and which permission it needs."""

    id = serializers.CharField(source="key")
    deployment = serializers.CharField(source="stage.deployment.slug")
    stage = serializers.CharField(source="stage.slug")
    requested_by = serializers.SerializerMethodField()
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Promotion
        fields = [
            "id", "deployment", "stage", "kind", "state", "version", "from_version", "requested_by", "requested_at",
            "decided_by", "decided_at", "note", "problem", "ended_at",
        ]  # fmt: skip

    def get_requested_by(self, promotion: Promotion) -> str:
        """The user name of who asked for it; empty for an offer."""
        return user_name(promotion.requested_by)

    def get_decided_by(self, promotion: Promotion) -> str:
        """The user name of who approved or rejected it."""
        return user_name(promotion.decided_by)


class StageAnswer(serializers.ModelSerializer[Stage]):
    """A stage with the version that runs there, and a promotion that has not ended."""

    connection = serializers.CharField(source="connection.slug")
    model = serializers.CharField(source="model.name", default=None, allow_null=True)
    schedule = serializers.SerializerMethodField()
    is_paused = serializers.SerializerMethodField()
    next_runs = serializers.SerializerMethodField()
    open_promotion = serializers.SerializerMethodField()

    class Meta:
        model = Stage
        fields = [
            "slug", "name", "connection", "execution_role_arn", "instance_type", "instance_count", "data",
            "output_path", "artifact_path", "needs_approval", "schedule", "is_paused", "next_runs", "version", "model",
            "deployed_at", "open_promotion",
        ]  # fmt: skip

    @extend_schema_field(ScheduleAnswer(allow_null=True))
    def get_schedule(self, stage: Stage) -> dict[str, Any] | None:
        """Null if it runs only when a person asks."""
        return describe_schedule(stage)

    def get_is_paused(self, stage: Stage) -> bool:
        """Whether its schedule is paused."""
        return stage.schedule is not None and stage.schedule.is_paused

    @extend_schema_field(serializers.ListField(child=serializers.DateTimeField()))
    def get_next_runs(self, stage: Stage) -> list[str]:
        """The next five times."""
        return [at.isoformat() for at in pausing.next_times(stage)]

    @extend_schema_field(PromotionAnswer(allow_null=True))
    def get_open_promotion(self, stage: Stage) -> Any:
        """The version that is offered, waits for approval or is being deployed."""
        promotion = queries.open_promotion(stage)
        return promotion and PromotionAnswer(promotion).data


class DeploymentAnswer(serializers.ModelSerializer[Deployment]):
    """A model package group with its stages. `newest_version` is the newest approved one in the registry."""

    url = serializers.SerializerMethodField()
    connection = serializers.CharField(source="connection.slug")
    settings = serializers.DictField()
    preprocess = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()
    created_by = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        fields = [
            "slug", "name", "description", "url", "connection", "package_group", "follow", "settings", "preprocess",
            "stages", "newest_version", "looked_at", "look_error", "created_by", "created_at", "changed_at",
        ]  # fmt: skip

    def get_url(self, deployment: Deployment) -> str:
        """Its page."""
        return str(self.context["request"].build_absolute_uri(deployment.get_absolute_url()))

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_preprocess(self, deployment: Deployment) -> dict[str, Any] | None:
        """The step before the transform; null without one."""
        return deployment.preprocess or None

    @extend_schema_field(StageAnswer(many=True))
    def get_stages(self, deployment: Deployment) -> Any:
        """The stages in the order in which a version passes through them."""
        return StageAnswer(queries.stages(deployment), many=True).data

    def get_created_by(self, deployment: Deployment) -> str:
        """Its maker's user name; empty once the person is gone."""
        return user_name(deployment.created_by)


class StepAnswer(serializers.ModelSerializer[RunStep]):
    """A step of a run; `name` and `arn` are those of its job in SageMaker."""

    class Meta:
        model = RunStep
        fields = ["kind", "state", "reason", "name", "arn", "started_at", "ended_at"]


class StageRunAnswer(serializers.ModelSerializer[DeploymentRun]):
    """A run of a stage, with its steps in order. `job` is the id of the transform job, once it is submitted."""

    id = serializers.CharField(source="key")
    url = serializers.SerializerMethodField()
    deployment = serializers.CharField(source="stage.deployment.slug")
    stage = serializers.CharField(source="stage.slug")
    requested_by = serializers.SerializerMethodField()
    is_scheduled = serializers.SerializerMethodField()
    job = serializers.CharField(source="job.key", default=None, allow_null=True)
    job_url = serializers.SerializerMethodField()
    steps = StepAnswer(many=True)

    class Meta:
        model = DeploymentRun
        fields = [
            "id", "url", "deployment", "stage", "version", "due_at", "state", "reason", "requested_by", "is_scheduled",
            "job", "job_url", "steps", "created_at", "ended_at", "stop_requested_at",
        ]  # fmt: skip

    def get_url(self, run: DeploymentRun) -> str:
        """Its page."""
        return str(self.context["request"].build_absolute_uri(run.get_absolute_url()))

    def get_job_url(self, run: DeploymentRun) -> str | None:
        """The address of the job's answer; null before it is submitted."""
        if run.job is None:
            return None
        return str(reverse("api:job", args=[run.job.key], request=self.context["request"]))

    def get_requested_by(self, run: DeploymentRun) -> str:
        """The user name of the person for whom it runs."""
        return user_name(run.requested_by)

    def get_is_scheduled(self, run: DeploymentRun) -> bool:
        """Whether its schedule began it."""
        return run.scheduled_run_id is not None


class StageChangeAnswer(serializers.Serializer[Any]):
    """A value that differs; empty for a value that is not given."""

    field = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class ComparisonAnswer(serializers.Serializer[Any]):
    """What a version changes in a stage. `settings` compares the stage with the one before it."""

    version = StageChangeAnswer(many=True)
    settings = StageChangeAnswer(many=True)
    problem = serializers.CharField(allow_blank=True)


class AppliedAnswer(serializers.Serializer[Any]):
    """What applying a file changed, or would change; `is_new` if the deployment is new."""

    slug = serializers.CharField()
    is_new = serializers.BooleanField()
    changes = StageChangeAnswer(many=True)


class ExportAnswer(serializers.Serializer[Any]):
    """A deployment as a YAML file, and as files by their paths; `problem` says why there are none of these."""

    file = serializers.CharField()
    folder = serializers.DictField(child=serializers.CharField())
    problem = serializers.CharField(allow_blank=True)


class StageScheduleBody(serializers.Serializer[Any]):
    """When a stage runs by itself; in UTC, skipping a time while a run goes on, unless it says otherwise."""

    expression = serializers.CharField()
    timezone = serializers.CharField(required=False)
    overlap = serializers.CharField(required=False)
    catch_up = serializers.CharField(required=False)


class StageBody(serializers.Serializer[Any]):
    """A stage. Paths may have placeholders for dates; what is left out is the deployment's own."""

    slug = serializers.CharField(required=False, help_text="Made from the name if left out.")
    name = serializers.CharField(max_length=40)
    connection = serializers.CharField(help_text="A connection's slug.")
    execution_role_arn = serializers.CharField(required=False, allow_blank=True, help_text="Needed on AWS.")
    instance_type = serializers.CharField(required=False, allow_blank=True)
    instance_count = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    # DRF keeps declared fields apart from `.data`.
    vars()["data"] = serializers.CharField(help_text="Such as s3://bucket/in/{yyyy}/{mm}/{dd}/.")
    output_path = serializers.CharField(help_text="Such as s3://bucket/out/{run}/.")
    artifact_path = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="The folder for model archives, scripts and prepared inputs.",
    )
    needs_approval = serializers.BooleanField(required=False)
    schedule = StageScheduleBody(required=False, allow_null=True)


class DeploymentBody(serializers.Serializer[Any]):
    """A deployment. `settings` are the fields of a job that all stages share."""

    name = serializers.CharField(max_length=80)
    description = serializers.CharField(required=False, allow_blank=True, max_length=400)
    connection = serializers.CharField(
        help_text="The slug of the connection whose model registry has the group."
    )
    package_group = serializers.CharField(max_length=63)
    follow = serializers.ChoiceField(choices=["offer", "promote"], required=False)
    settings = serializers.DictField(required=False)
    preprocess = serializers.DictField(required=False, allow_null=True)
    stages = StageBody(many=True)


class ApplyBody(serializers.Serializer[Any]):
    """A deployment as a file has it. Fields that are left out get their defaults."""

    deployment = serializers.DictField(
        help_text="The file's members: name, connection, package_group, stages …."
    )
    dry_run = JsonFlag(default=False, help_text="Only tell what would change.")


class PromoteBody(serializers.Serializer[Any]):
    """A version and a note; without a version, the one that is offered or waits, else the newest one that can be."""

    version = serializers.IntegerField(required=False, min_value=1)
    note = ServiceText(required=False, allow_blank=True)


class RollBackBody(serializers.Serializer[Any]):
    """An earlier version of the stage, and a note."""

    version = serializers.IntegerField(min_value=1)
    note = ServiceText(required=False, allow_blank=True)


class NoteBody(serializers.Serializer[Any]):
    """A note on a decision."""

    note = ServiceText(required=False, allow_blank=True)


class PauseBody(serializers.Serializer[Any]):
    """Whether the stage's schedule is paused."""

    paused = JsonFlag()
