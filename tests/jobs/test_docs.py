"""The documents keep up with the code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from django.core.management import call_command

from jobs.api.answers.requests import REQUEST_FIELDS
from jobs.states import JobState
from tests.support.answers import document
from transform.spec import TransformSpec

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_field_and_state_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text()
    fields = {field.name for field in dataclasses.fields(TransformSpec)} - {"model_name"}
    assert {name for name in fields if name not in text} == set()
    assert {state for state in JobState if f"`{state}`" not in text} == set()


def test_the_schema_is_valid_and_complete_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_a_jobs_answer_declares_every_field_of_a_request() -> None:
    fields = {field.name for field in dataclasses.fields(TransformSpec)} - {"model_name", "name"}
    assert set(REQUEST_FIELDS) == fields
    declared = document()["components"]["schemas"]
    for answer in ("JobAnswer", "JobDetailAnswer"):
        assert fields < set(declared[answer]["properties"])
        assert set(declared[answer]["required"]) == set(declared[answer]["properties"])


def test_each_operation_declares_what_it_may_be_refused_with() -> None:
    for path in document()["paths"].values():
        for operation in path.values():
            assert {"400", "401", "406", "414", "431", "500", "503"} <= set(operation["responses"])
            assert {"413", "415"} <= set(operation["responses"]) or "requestBody" not in operation
