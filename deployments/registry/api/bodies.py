"""Request bodies of the registry. The services check what these do not."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.models import Approval
from jobs.api.body_fields import JsonFlag, JsonText


class PackageGroupBody(serializers.Serializer[Any]):
    """A new group."""

    connection = JsonText(help_text="A connection's slug.")
    name = JsonText(help_text="Letters, digits and hyphens, 63 at most.")
    description = JsonText(required=False, allow_blank=True, default="")


class PackageVersionBody(serializers.Serializer[Any]):
    """A new version: one container by `image`, `model_data` and `env`, or a pipeline by `containers`."""

    image = JsonText(required=False)
    model_data = JsonText(required=False, allow_blank=True)
    env = serializers.DictField(child=JsonText(allow_blank=True), required=False)
    containers = serializers.ListField(child=serializers.DictField(), required=False)
    description = JsonText(required=False, allow_blank=True)
    approval = JsonText(required=False, help_text=f"One of {', '.join(Approval.values)}.")
    content_types = serializers.ListField(child=JsonText(), required=False)
    response_types = serializers.ListField(child=JsonText(), required=False)
    transform_instance_types = serializers.ListField(child=JsonText(), required=False)
    metadata = serializers.DictField(child=JsonText(), required=False)
    statistics_uri = JsonText(
        required=False, allow_blank=True, help_text="The s3:// address of a JSON document with its metrics."
    )
    skip_check = JsonFlag(default=False, help_text="Register it without looking at its archives.")


class ApprovalBody(serializers.Serializer[Any]):
    """A decision on a version."""

    status = JsonText(help_text=f"One of {', '.join(Approval.values)}.")
    note = JsonText(required=False, allow_blank=True, default="")
    reject_in_use = JsonFlag(
        default=False,
        help_text="Take an approval back although something uses the version or somebody else approved it.",
    )


class MetadataBody(serializers.Serializer[Any]):
    """The metadata of a version, all of it: a name that is left out is removed."""

    metadata = serializers.DictField(child=JsonText())


class ModelOfVersionBody(serializers.Serializer[Any]):
    """The model that is made of a version."""

    name = JsonText()
    execution_role_arn = JsonText(required=False, allow_blank=True, default="")
    description = JsonText(required=False, allow_blank=True, default="")
