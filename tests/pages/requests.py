"""A request with everything in it, sending it through the API, and reading what the form says was wrong."""

from __future__ import annotations

from typing import Any

from jobs.models import TransformJob
from tests.cast import House
from tests.support.html import Page

#: A request with every field, as the API takes it. One that joins, since filters go with that.
EVERYTHING: dict[str, Any] = {
    "name": "all-fields",
    "data": "s3://bucket/in/",
    "data_type": "ManifestFile",
    "output_path": "s3://bucket/out/",
    "instance_type": "ml.m5.xlarge",
    "instance_count": 3,
    "content_type": "text/csv",
    "split_type": "Line",
    "strategy": "SingleRecord",
    "compression_type": "None",
    "accept": "text/csv",
    "assemble_with": "Line",
    "output_kms_key": "alias/out",
    "input_filter": "$[1:]",
    "output_filter": "$[0,-1]",
    "join_source": "Input",
    "max_payload": 0,
    "max_concurrent_transforms": 4,
    "model_client_config": {"invocations_timeout_in_seconds": 60, "invocations_max_retries": 0},
    "env": {"LEVEL": "größer", "PAIR": "a=b"},
    "tags": {"team": "größe", "empty": ""},
    "volume_kms_key": "alias/volume",
    "transform_ami_version": "al2-ami-sagemaker-batch-gpu-470",
    "data_capture_config": {
        "destination_s3_uri": "s3://bucket/capture/",
        "kms_key_id": "alias/capture",
        "generate_inference_id": False,
    },
    "experiment_config": {"ExperimentName": "spring", "TrialName": "one"},
}


def errors_beside(answer: Any) -> dict[str, list[str]]:
    """The page's sentences by field, as they are tied to the widgets for a screen reader."""
    page = Page(answer)
    texts_by_field = {}
    for node in page.all("input", "select", "textarea"):
        texts = [page.by_id(name).text for name in node.get("aria-describedby").split() if "-error-" in name]
        if texts:
            assert node.get("aria-invalid") == "true"
            texts_by_field[node.get("name")] = texts
    return texts_by_field


def through_api(house: House, body: dict[str, Any]) -> TransformJob:
    """The job that Bob submits with this body."""
    answer = house.api("bob").post("/api/v1/jobs/", body, "application/json")
    assert answer.status_code == 201, answer.content
    return TransformJob.objects.get(key=answer.json()["id"])
