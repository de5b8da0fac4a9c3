"""Data capture: where its manifests go, and that they name the objects they are about."""

from __future__ import annotations

import json

import pytest

from transform.capture import capture_key, capture_manifest
from transform.manifest import parse_manifest

#: 2022-08-26 13:00 UTC, the developer guide's example.
AUGUST = 1661518800.0


@pytest.mark.parametrize(
    ("prefix", "folder"), [("", ""), ("capture", "capture/"), ("capture/", "capture/"), ("a/b/", "a/b/")]
)
def test_manifests_are_filed_under_the_hour_in_which_the_job_started(prefix: str, folder: str) -> None:
    assert capture_key(prefix, "input", AUGUST, "job-1") == f"{folder}input/2022/08/26/13/job-1.json"


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("in/", ["in/a.csv", "in/sub/é.csv"]),
        ("in/part", ["in/part-0", "in/part/1"]),
        ("in/only.csv", ["in/only.csv"]),
        ("", ["a", "b/c"]),
        ("plain", ["plain", "plainer"]),
    ],
)
def test_a_manifest_can_be_read_as_the_input_of_a_job(prefix: str, keys: list[str]) -> None:
    manifest = parse_manifest(capture_manifest("bucket", prefix, keys))
    assert (manifest.bucket, manifest.keys) == ("bucket", keys)


def test_a_manifest_begins_with_the_folder() -> None:
    body = capture_manifest("bucket", "in/part", ["in/part-0"])
    assert json.loads(body) == [{"prefix": "s3://bucket/in/"}, "part-0"]
