"""The fields of a transform request, as a job's answer has them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.request_serializers import DataCaptureConfig, ModelClientConfig


def _text(name: str, **more: Any) -> serializers.CharField:
    return serializers.CharField(
        source=f"spec.{name}", default=None, allow_null=True, allow_blank=True, **more
    )


def _number(name: str, **more: Any) -> serializers.IntegerField:
    return serializers.IntegerField(source=f"spec.{name}", default=None, allow_null=True, **more)


def _texts(name: str) -> serializers.DictField:
    texts = serializers.CharField(allow_blank=True)
    return serializers.DictField(source=f"spec.{name}", default=None, allow_null=True, child=texts)


class RequestAnswer(serializers.Serializer[Any]):
    """A request under the SDK's names; null is "not given". Words of SageMaker are texts: it may add to them."""

    # DRF keeps declared fields apart from a serializer's own `.data`.
    data: Any = _text("data", help_text="s3:// address of the input.")
    data_type = _text("data_type")
    content_type = _text("content_type")
    compression_type = _text("compression_type")
    split_type = _text("split_type")
    strategy = _text("strategy")
    accept = _text("accept")
    assemble_with = _text("assemble_with")
    output_path = _text("output_path", help_text="s3:// address of the outputs.")
    instance_type = _text("instance_type")
    instance_count = _number("instance_count")
    max_concurrent_transforms = _number("max_concurrent_transforms")
    max_payload = _number("max_payload", help_text="MiB")
    env = _texts("env")
    input_filter = _text("input_filter")
    output_filter = _text("output_filter")
    join_source = _text("join_source")
    model_client_config = ModelClientConfig(source="spec.model_client_config", default=None, allow_null=True)
    tags = _texts("tags")
    output_kms_key = _text("output_kms_key")
    volume_kms_key = _text("volume_kms_key")
    transform_ami_version = _text("transform_ami_version")
    data_capture_config = DataCaptureConfig(source="spec.data_capture_config", default=None, allow_null=True)
    experiment_config = _texts("experiment_config")


#: Their names, in the order of an answer.
REQUEST_FIELDS = tuple(RequestAnswer().fields)
