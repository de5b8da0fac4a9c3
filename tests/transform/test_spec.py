"""TransformSpec: to and from fields and requests, and the rules, each named with its field."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from transform.request import PATHS
from transform.spec import SpecError, TransformSpec

LEAST: dict[str, Any] = {
    "model_name": "churn",
    "data": "s3://bucket/in/",
    "output_path": "s3://bucket/out/",
    "instance_type": "ml.m5.large",
}
FULL: dict[str, Any] = {
    **LEAST,
    "name": "weekly-1",
    "instance_count": 2,
    "data_type": "S3Prefix",
    "content_type": "text/csv",
    "compression_type": "Gzip",
    "split_type": "Line",
    "strategy": "SingleRecord",
    "accept": "text/csv",
    "assemble_with": "Line",
    "max_concurrent_transforms": 4,
    "max_payload": 25,
    "env": {"A": "1"},
    "input_filter": "$[1:]",
    "output_filter": "$[0,-1]",
    "join_source": "Input",
    "model_client_config": {"invocations_timeout_in_seconds": 60, "invocations_max_retries": 0},
    "tags": {"team": "growth"},
    "output_kms_key": "alias/out",
    "volume_kms_key": "alias/volume",
    "transform_ami_version": "al2-ami-sagemaker-batch-gpu-535",
    "data_capture_config": {"destination_s3_uri": "s3://bucket/capture/", "generate_inference_id": True},
    "experiment_config": {"ExperimentName": "e"},
}


def errors_of(**changes: Any) -> dict[str, list[str]]:
    """What is wrong with the full request, so changed."""
    with pytest.raises(SpecError) as caught:
        TransformSpec.from_fields({**FULL, **changes})
    return caught.value.errors


@pytest.mark.parametrize("fields", [LEAST, FULL], ids=["least", "full"])
def test_a_request_survives_the_way_there_and_back(fields: dict[str, Any]) -> None:
    spec = TransformSpec.from_fields(fields)
    assert TransformSpec.from_fields(spec.to_fields()) == spec
    assert TransformSpec.from_request(spec.to_request()) == spec


def test_every_field_of_create_transform_job_has_a_place() -> None:
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
    shape = model.operation_model("CreateTransformJob").input_shape
    assert shape is not None
    ours = set(PATHS.values())
    for name, member in shape.members.items():
        assert (name,) in ours or _inner(name, member) <= ours, name


def _inner(name: str, shape: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    path = (*above, name)
    if not isinstance(shape, StructureShape):
        return {path}
    return set().union(*(_inner(inner, member, path) for inner, member in shape.members.items()))


def test_what_was_not_given_is_not_sent() -> None:
    assert set(TransformSpec.from_fields(LEAST).to_request("job")) == {
        "TransformJobName",
        "ModelName",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
    }


def test_every_problem_is_told_at_once_under_its_own_field() -> None:
    errors = errors_of(data="nowhere", max_payload=101, strategy="Both", colour="red", instance_count=0)
    assert set(errors) == {"data", "max_payload", "strategy", "colour", "instance_count"}


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"model_name": None}, "model_name", "required"),
        ({"model_name": "-x"}, "model_name", "letters, digits and hyphens"),
        ({"name": "a" * 64}, "name", "63 at most"),
        ({"data": "bucket/in"}, "data", "s3://"),
        ({"data_type": "AugmentedManifestFile"}, "data_type", "S3Prefix, ManifestFile"),
        ({"instance_type": "m5.large"}, "instance_type", "ml.m5.xlarge"),
        ({"instance_count": 101}, "instance_count", "from 1 to 100"),
        ({"instance_count": "2"}, "instance_count", "whole number"),
        ({"instance_count": True}, "instance_count", "whole number"),
        ({"max_payload": 26}, "max_payload", "4 x 26 MB is 104 MB"),
        ({"max_concurrent_transforms": -1}, "max_concurrent_transforms", "0 or more"),
        ({"model_client_config": 5}, "model_client_config", "object"),
        (
            {"model_client_config": {"invocations_max_retries": 4}},
            "model_client_config.invocations_max_retries",
            "from 0 to 3",
        ),
        ({"env": {"1A": "x"}}, "env", "no variable name"),
        ({"env": {f"V{n}": "x" for n in range(17)}}, "env", "16 variables"),
        ({"env": {"A": 1}}, "env", "text"),
        ({"tags": {"aws:x": "y"}}, "tags", "AWS's own"),
        ({"tags": {f"t{n}": "" for n in range(51)}}, "tags", "50 tags"),
        ({"input_filter": "x" * 64}, "input_filter", "63 characters"),
        ({"input_filter": "SageMakerOutput"}, "input_filter", "starts with \\$"),
        ({"content_type": "text/csv\r\nX-Evil: 1"}, "content_type", "one line"),
        ({"content_type": "image/png"}, "content_type", "To join"),
        ({"split_type": "None"}, "split_type", "must be Line"),
        ({"accept": "application/json"}, "accept", "must equal content_type"),
        ({"assemble_with": "None"}, "assemble_with", "must be Line"),
        (
            {"join_source": "None", "content_type": "text/libsvm"},
            "content_type",
            "For input_filter it must be one",
        ),
        ({"join_source": "None", "accept": None}, "accept", "For output_filter it must be one of text/csv"),
        ({"input_filter": "$.a"}, "input_filter", "columns only"),
        ({"input_filter": "$[0][1]"}, "input_filter", "columns only"),
        ({"output_filter": "$[0:2,246:]"}, "output_filter", "only single range filters of format"),
        ({"output_filter": "$[0"}, "output_filter", r'Invalid OutputFilter: "\$\[0"'),
        ({"experiment_config": {"Name": "x"}}, "experiment_config", "ExperimentName"),
    ],
)
def test_a_broken_rule_is_told_with_what_it_must_be(changes: dict[str, Any], field: str, says: str) -> None:
    errors = errors_of(**changes)
    assert field in errors
    assert re.search(says, " ".join(errors[field])), errors[field]


@pytest.mark.parametrize("kind", ["application/json", "application/jsonlines"])
def test_json_filters_may_name_members_but_not_with_underscores(kind: str) -> None:
    json_types = {"content_type": kind, "accept": kind}
    good = {"input_filter": "$.features", "output_filter": "$['id','SageMakerOutput']"}
    TransformSpec.from_fields({**FULL, **json_types, **good})
    errors = errors_of(**json_types, input_filter="$.a", output_filter="$['account_id','SageMakerOutput']")
    assert errors == {
        "output_filter": [
            "Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath. "
            f'Supported operators for "{kind}" are '
            "['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']"
        ]
    }


def test_inference_ids_need_an_output_they_can_be_added_to() -> None:
    plain = {"join_source": "None", "output_filter": "$", "accept": "application/x-npy"}
    assert "generate_inference_id" in errors_of(**plain)["accept"][0]


def test_multirecord_without_a_split_is_allowed_as_the_service_allows_it() -> None:
    assert TransformSpec.from_fields({**LEAST, "strategy": "MultiRecord"}).split_type is None


def test_a_request_field_that_does_not_exist_is_named_by_its_path() -> None:
    request = {**TransformSpec.from_fields(LEAST).to_request("job"), "StoppingCondition": {}}
    with pytest.raises(SpecError) as caught:
        TransformSpec.from_request(request)
    assert set(caught.value.errors) == {"StoppingCondition"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*FULL, "unknown"]), JSON, max_size=6))
def test_no_body_whatever_makes_more_than_a_spec_error(changes: dict[str, Any]) -> None:
    with contextlib.suppress(SpecError):
        TransformSpec.from_fields({**FULL, **changes})
