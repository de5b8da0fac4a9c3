"""Registered models."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import RegisteredModel
from jobs.services.registry import artefacts, figures


class ModelFiguresAnswer(serializers.Serializer[figures.Figures]):
    """Figures of a model over the jobs of the last 90 days; `jobs` counts all jobs, up to 1,001."""

    jobs = serializers.IntegerField()
    last_job = serializers.CharField(source="last.key", default=None, allow_null=True)
    last_state = serializers.CharField(source="last.state", default=None, allow_null=True)
    last_created_at = serializers.DateTimeField(source="last.created_at", default=None, allow_null=True)
    completed = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Failed or rejected.")
    success_rate = serializers.FloatField(allow_null=True, help_text="Completed of completed and failed.")
    median_seconds = serializers.IntegerField(allow_null=True, help_text="Of completed ones, start to end.")
    cost_per_1000_records = serializers.FloatField(
        source="cost_per_1000", allow_null=True, help_text="US dollars."
    )
    priced = serializers.IntegerField(help_text="Jobs whose cost and number of records are both known.")


class ArchiveAnswer(serializers.Serializer[Any]):
    """The check of one container's archive; `files` are the first names, `whole` is true if all were read."""

    uri = serializers.CharField()
    level = serializers.ChoiceField(choices=["ok", "warn", "fail"])
    says = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    modified = serializers.DateTimeField(allow_null=True)
    files = serializers.ListField(child=serializers.CharField())
    whole = serializers.BooleanField()


class ModelAnswer(serializers.ModelSerializer[RegisteredModel]):
    """A registered model."""

    connection = serializers.CharField(source="connection.slug")
    image = serializers.CharField()
    model_data = serializers.CharField()
    env = serializers.DictField(child=serializers.CharField())
    figures = serializers.SerializerMethodField()

    class Meta:
        model = RegisteredModel
        fields = [
            "id", "name", "connection", "image", "model_data", "env", "execution_role_arn",
            "containers", "arn", "description", "created_at", "figures",
        ]  # fmt: skip

    @extend_schema_field(ModelFiguresAnswer)
    def get_figures(self, model: RegisteredModel) -> Any:
        """The model's figures; a list reads those of all models together."""
        figures_by_model = self.context.get("figures") or figures.of([model])
        return ModelFiguresAnswer(figures_by_model[model.pk]).data


class ModelDetailAnswer(ModelAnswer):
    """A model with the last check of its archives, and the causes of its failed jobs."""

    archives = serializers.SerializerMethodField()
    failures = serializers.SerializerMethodField()

    class Meta(ModelAnswer.Meta):
        fields = [*ModelAnswer.Meta.fields, "archives", "archives_checked_at", "failures"]

    @extend_schema_field(ArchiveAnswer(many=True))
    def get_archives(self, model: RegisteredModel) -> Any:
        """One for each container with an archive; empty before the first check."""
        return ArchiveAnswer(artefacts.last(model), many=True).data

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_failures(self, model: RegisteredModel) -> dict[str, int]:
        """The number of failed jobs of the last 90 days, by cause."""
        return {cause.slug: count for cause, count in figures.causes(model)}
