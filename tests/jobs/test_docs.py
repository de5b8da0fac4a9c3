"""The documents keep up with the code."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from django.core.management import call_command

from jobs.api.filters import JobFilterQuery
from jobs.api.serializers.requests import REQUEST_FIELDS
from jobs.models import TransformJob
from jobs.options import OPTIONS, RunOptions
from jobs.services.listing import columns
from jobs.states import JobState
from tests.support.answers import document, validator
from tools.field_tables import DOCUMENT, document_with_tables
from transform.field_facts import Kind
from transform.request_fields import FIELDS, GROUPS
from transform.rules import check
from transform.spec import TransformSpec

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_field_and_state_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text()
    fields = {field.name for field in dataclasses.fields(TransformSpec)} - {"model_name"}
    assert {name for name in fields if name not in text} == set()
    assert {state for state in JobState if f"`{state}`" not in text} == set()


def test_the_table_of_filters_is_the_filters_that_there_are() -> None:
    text = (ROOT / "docs/api.md").read_text()
    rows = text.partition("| parameter | what it keeps |\n|---|---|\n")[2].partition("\n\n")[0]
    fields = JobFilterQuery().fields
    assert rows.splitlines() == [f"| `{name}` | {field.help_text} |" for name, field in fields.items()]


def test_the_columns_of_a_view_are_the_columns_that_there_are() -> None:
    text = " ".join((ROOT / "docs/api.md").read_text().split())
    assert (
        f"`cols` (columns with commas: {', '.join(f'`{name}`' for name in columns.NAMES)}, or `none`)" in text
    )


def test_the_schema_says_of_each_filter_what_it_keeps() -> None:
    for path in ("/api/v1/jobs/", "/api/v1/jobs/causes/"):
        parameters = document()["paths"][path]["get"]["parameters"]
        described = {item["name"]: item.get("description") for item in parameters}
        for name, field in JobFilterQuery().fields.items():
            assert described[name] == field.help_text


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


#: The fields that null cannot stand for.
_NOT_NULLABLE = {"request", "replace_outputs"}


def test_what_a_request_must_be_is_declared() -> None:
    schemas = document()["components"]["schemas"]
    job = schemas["JobBody"]["properties"]
    assert (job["max_payload"]["minimum"], job["max_payload"]["maximum"]) == (0, 100)
    assert (job["deadline_minutes"]["minimum"], job["deadline_minutes"]["maximum"]) == (1, 43_200)
    assert job["max_cost_usd"]["maximum"] == 1_000_000
    assert job["fallback_instance_types"]["maxItems"] == 10
    # null leaves a field out, which is how a preset's is taken away.
    assert all(validator(field).is_valid(None) for name, field in job.items() if name not in _NOT_NULLABLE)
    name = validator(job["name"])
    assert name.is_valid("nightly-7")
    assert name.is_valid(None)
    assert not any(name.is_valid(text) for text in ("", "a b", "-a", "a" * 64, "a\0"))
    for body in ("JobBody", "ModelBody", "ConnectionBody", "PresetBody", "ViewBody", "ManyBody"):
        assert schemas[body]["additionalProperties"] is False
        texts = [field for field in schemas[body]["properties"].values() if "string" in field.get("type", ())]
        assert all({"pattern", "enum", "format"} & set(field) for field in texts)


def test_each_operation_has_a_true_example_of_its_body_and_answer() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            place = f"{method.upper()} {path}"
            request = operation.get("requestBody", {}).get("content", {})
            answers = [
                answer.get("content", {}) for code, answer in operation["responses"].items() if code < "300"
            ]
            contents = [
                content["application/json"]
                for content in (request, *answers)
                if "application/json" in content
            ]
            examples = [content for content in contents if "example" in content]
            assert ("application/json" in request) <= ("example" in request.get("application/json", {})), (
                place
            )
            # An operation may have several answers of success, such as to a key that was sent before.
            assert not contents or examples, place
            for content in examples:
                problems = [
                    error.message[:200]
                    for error in validator(content["schema"]).iter_errors(content["example"])
                ]
                assert problems == [], place


def test_each_text_of_an_address_is_declared_to_hold_no_nul() -> None:
    for path in document()["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                assert not validator(parameter["schema"]).is_valid("a\0"), parameter["name"]


def test_the_tables_of_fields_are_those_of_the_code() -> None:
    assert document_with_tables(DOCUMENT.read_text(encoding="utf-8")) == DOCUMENT.read_text(
        encoding="utf-8"
    ), "run `python -m tools.field_tables`"


def test_the_schema_has_the_bounds_that_the_rules_check() -> None:
    schemas = document()["components"]["schemas"]
    for name, entry in FIELDS.items():
        if entry.kind is not Kind.WHOLE:
            continue
        group, _, inner = name.rpartition(".")
        properties = schemas[GROUPS[group].type.__name__ if group else "JobBody"]["properties"]
        least, most = properties[inner]["minimum"], properties[inner].get("maximum")
        assert name not in check(_body(name, least)), name
        assert name in check(_body(name, least - 1)), name
        assert most is None or name not in check(_body(name, most)), name
        assert most is None or name in check(_body(name, most + 1)), name


def _body(name: str, value: int) -> dict[str, Any]:
    group, _, inner = name.rpartition(".")
    return {group: {inner: value}} if group else {name: value}


def test_each_option_is_a_column_of_a_job_with_its_default() -> None:
    columns = TransformJob(spec={})
    assert {name: getattr(columns, name) for name in OPTIONS} == RunOptions().columns()
