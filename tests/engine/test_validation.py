"""Requests against botocore's shapes: types, then constraints, in the sentences AWS uses."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import StructureShape

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.wire.parsing import parse
from engine.wire.serializing import serialize
from engine.wire.validation import validate

JOB: dict[str, Any] = {
    "TransformJobName": "job",
    "ModelName": "model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def shape(operation: str = "CreateTransformJob", service: str = "sagemaker") -> StructureShape:
    input_shape = service_model(service).operation_model(operation).input_shape
    assert isinstance(input_shape, StructureShape)
    return input_shape


def problems(operation: str = "CreateTransformJob", **changes: Any) -> str | None:
    params = {**copy.deepcopy(JOB), **changes} if operation == "CreateTransformJob" else changes
    return validate(shape(operation), parse(shape(operation), params))


def refusal(value: Any, operation: str = "CreateTransformJob") -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        parse(shape(operation), value)
    return caught.value


def test_a_right_request_has_no_problems() -> None:
    assert problems() is None


@pytest.mark.parametrize("instance_type", ["local", "local_gpu", "ml.c5.xlarge"])
def test_instance_types_are_those_of_sagemaker_and_the_machine_itself(instance_type: str) -> None:
    assert problems(TransformResources={"InstanceType": instance_type, "InstanceCount": 1}) is None


def test_a_word_outside_an_enum_is_told_with_its_path_and_the_words_there_are() -> None:
    text = problems(TransformInput={**JOB["TransformInput"], "SplitType": "XML"})
    assert text == (
        "1 validation error detected: Value 'XML' at 'transformInput.splitType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [None, Line, RecordIO, TFRecord]"
    )


def test_every_problem_is_told_at_once() -> None:
    text = problems(
        TransformJobName="no_underscores",
        BatchStrategy="Many",
        MaxPayloadInMB=-1,
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 0},
    )
    assert text is not None
    assert text.startswith("4 validation errors detected: ")
    assert (
        "'no_underscores' at 'transformJobName' failed to satisfy constraint: Member must satisfy regular"
        in text
    )
    assert "Value 'Many' at 'batchStrategy'" in text
    assert (
        "Value '-1' at 'maxPayloadInMB' failed to satisfy constraint: Member must have value greater" in text
    )
    assert "Value '0' at 'transformResources.instanceCount'" in text


def test_a_missing_member_is_told_as_null() -> None:
    text = problems(TransformOutput={}, TransformResources={"InstanceType": "ml.m5.large"})
    assert text is not None
    assert (
        "Value null at 'transformOutput.s3OutputPath' failed to satisfy constraint: Member must not be"
        in text
    )
    assert "Value null at 'transformResources.instanceCount'" in text


def test_a_null_counts_as_missing() -> None:
    text = problems(ModelName=None)
    assert text is not None
    assert "Value null at 'modelName'" in text


@pytest.mark.parametrize(
    ("name", "good"), [("a" * 63, True), ("a" * 64, False), ("a-b", True), ("-a", False), ("a\n", False)]
)
def test_job_names_keep_to_length_and_pattern(name: str, good: bool) -> None:
    assert (problems(TransformJobName=name) is None) is good


def test_members_of_lists_are_counted_from_one() -> None:
    text = problems(Tags=[{"Key": "k", "Value": "v"}, {"Key": "", "Value": "v"}])
    assert text is not None
    assert (
        "Value '' at 'tags.2.member.key' failed to satisfy constraint: Member must have length greater"
        in text
    )


def test_tags_may_be_in_any_script() -> None:
    assert problems(Tags=[{"Key": "Größe λ", "Value": "日本"}]) is None
    text = problems(Tags=[{"Key": "a!b", "Value": "v"}])
    assert text is not None
    assert "tags.1.member.key" in text


def test_a_map_is_told_as_a_whole_with_what_its_keys_must_be() -> None:
    text = problems(Environment={"1A": "x"})
    assert text == (
        "1 validation error detected: Value '{1A=x}' at 'environment' failed to satisfy constraint: Map keys "
        "must satisfy constraint: [Member must satisfy regular expression pattern: "
        "[a-zA-Z_][a-zA-Z0-9_]{0,1023}]"
    )


def test_a_map_with_too_many_entries_is_refused() -> None:
    text = problems(Environment={f"A{number}": "" for number in range(17)})
    assert text is not None
    assert (
        "at 'environment' failed to satisfy constraint: Member must have length less than or equal to 16"
        in text
    )


@pytest.mark.parametrize(
    "change",
    [
        {"TransformJobName": 5},
        {"MaxPayloadInMB": "6"},
        {"MaxPayloadInMB": 1.5},
        {"MaxPayloadInMB": True},
        {"MaxPayloadInMB": 2**31},
        {"Environment": []},
        {"Tags": {"a": "b"}},
        {"TransformInput": "s3://b/in"},
        {"TransformJobName": "\ud800"},
    ],
)
def test_json_of_another_type_is_a_serialization_error(change: dict[str, Any]) -> None:
    assert refusal({**JOB, **change}).code == "SerializationException"


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_a_serialization_error(body: Any) -> None:
    assert refusal(body).code == "SerializationException"


def test_members_nobody_knows_are_dropped() -> None:
    assert parse(shape(), {**JOB, "Surprise": 1}) == JOB


def test_timestamps_are_read_as_aware_datetimes() -> None:
    parsed = parse(shape("ListTransformJobs"), {"CreationTimeAfter": 1700000000.25})
    assert parsed == {"CreationTimeAfter": datetime.fromtimestamp(1700000000.25, UTC)}


@pytest.mark.parametrize("moment", ["yesterday", "", True, 1e30, float("nan"), []])
def test_what_is_no_point_in_time_is_a_serialization_error(moment: Any) -> None:
    assert refusal({"CreationTimeAfter": moment}, "ListTransformJobs").code == "SerializationException"


def test_answers_hold_only_what_the_shape_knows_and_times_as_epoch_seconds() -> None:
    output = service_model("sagemaker").operation_model("DescribeTransformJob").output_shape
    assert output is not None
    answer = serialize(
        output,
        {
            "TransformJobName": "j",
            "CreationTime": datetime.fromtimestamp(1700000000.1234, UTC),
            "TransformStartTime": 5.0,
            "FailureReason": None,
            "NotInTheShape": 1,
        },
    )
    assert answer == {"TransformJobName": "j", "CreationTime": 1700000000.123, "TransformStartTime": 5.0}
