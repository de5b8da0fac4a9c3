"""Answers about groups and versions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deployments.models import Approval, ApprovalChange


class PackageVersionSummary(serializers.Serializer[Any]):
    """A version in a list; `stage` is that of its life cycle."""

    number = serializers.IntegerField()
    arn = serializers.CharField()
    status = serializers.CharField(help_text="SageMaker's, such as Completed.")
    approval = serializers.ChoiceField(choices=Approval.values, allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField(source="created")
    stage = serializers.CharField(allow_blank=True)


class PackageGroupAnswer(serializers.Serializer[Any]):
    """A model package group. `versions` is a minimum where `more_versions` is true, and null if it was not read."""

    name = serializers.CharField(source="group.name")
    arn = serializers.CharField(source="group.arn")
    description = serializers.CharField(source="group.description", allow_blank=True)
    created_at = serializers.DateTimeField(source="group.created")
    changed_at = serializers.DateTimeField(
        source="changed", help_text="When its newest version was registered."
    )
    versions = serializers.IntegerField(source="overview.count", default=None, allow_null=True)
    more_versions = serializers.BooleanField(source="overview.more", default=False)
    newest = PackageVersionSummary(source="overview.newest", default=None, allow_null=True)
    latest_approved = PackageVersionSummary(source="overview.approved", default=None, allow_null=True)


class PackageGroupsAnswer(serializers.Serializer[Any]):
    """A page of groups; `next` is the URL of the following page, null on the last."""

    results = PackageGroupAnswer(many=True)
    next = serializers.URLField(allow_null=True)


class PackageVersionsAnswer(serializers.Serializer[Any]):
    """A page of versions; `next` is the URL of the following page, null on the last."""

    results = PackageVersionSummary(many=True)
    next = serializers.URLField(allow_null=True)


class ApprovalChangeAnswer(serializers.ModelSerializer[ApprovalChange]):
    """A change of the approval that was made here; `before` is empty for the registration."""

    by = serializers.CharField(source="by.username", default=None, allow_null=True)

    class Meta:
        model = ApprovalChange
        fields = ["before", "after", "note", "by", "at"]


class MetricAnswer(serializers.Serializer[Any]):
    """One number with its standard deviation."""

    name = serializers.CharField()
    value = serializers.FloatField()
    deviation = serializers.FloatField(allow_null=True)


class MetricDocumentAnswer(serializers.Serializer[Any]):
    """A document of ModelMetrics with its numbers; `problem` says why it has none."""

    title = serializers.CharField()
    uri = serializers.CharField()
    metrics = MetricAnswer(many=True)
    problem = serializers.CharField(allow_blank=True)


class VersionUseAnswer(serializers.Serializer[Any]):
    """What uses a version: names of models made from it, and stages that run it or will."""

    models = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()
    arriving = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_models(self, use: Any) -> list[str]:
        """The models' names."""
        return [model.name for model in use.models]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_stages(self, use: Any) -> list[str]:
        """The stages in words."""
        return [stage.label for stage in use.stages]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_arriving(self, use: Any) -> list[str]:
        """The stages in words."""
        return [stage.label for stage in use.arriving]


class PackageVersionAnswer(serializers.Serializer[Any]):
    """A version with its containers, metrics, approval and use."""

    group = serializers.CharField(source="version.group")
    number = serializers.IntegerField(source="version.number")
    arn = serializers.CharField(source="version.arn")
    status = serializers.CharField(source="version.status")
    approval = serializers.ChoiceField(source="version.approval", choices=Approval.values, allow_blank=True)
    approval_description = serializers.CharField(source="version.approval_description", allow_blank=True)
    description = serializers.CharField(source="version.description", allow_blank=True)
    created_at = serializers.DateTimeField(source="version.created")
    modified_at = serializers.DateTimeField(source="version.modified", allow_null=True)
    containers = serializers.ListField(source="version.containers", child=serializers.DictField())
    content_types = serializers.ListField(source="version.content_types", child=serializers.CharField())
    response_types = serializers.ListField(source="version.response_types", child=serializers.CharField())
    transform_instance_types = serializers.ListField(
        source="version.transform_instance_types", child=serializers.CharField()
    )
    metadata = serializers.DictField(source="version.custom", child=serializers.CharField())
    metrics = MetricDocumentAnswer(many=True)
    history = ApprovalChangeAnswer(many=True)
    use = VersionUseAnswer()
