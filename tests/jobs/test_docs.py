"""The documents keep up with the code."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from django.core.management import call_command

from jobs.states import JobState
from transform.spec import TransformSpec

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_field_and_state_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text()
    fields = {field.name for field in dataclasses.fields(TransformSpec)} - {"model_name"}
    assert {name for name in fields if name not in text} == set()
    assert {state for state in JobState if f"`{state}`" not in text} == set()


def test_the_schema_is_valid_and_complete_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
