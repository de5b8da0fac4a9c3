"""Preflight over a real engine: each finding by what a script is answered, and that its fix mends it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from aws import Target, models, objects
from jobs.lifecycle.aws_session import target_of
from jobs.models import Quotas, TransformJob
from jobs.services.submitting.preflight import location_checks
from jobs.services.submitting.preflight.findings import Inspection, RequestValues
from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.support.engine import EngineProcess
from tests.support.refusing_s3 import refusing

pytestmark = pytest.mark.django_db

ROWS = b"1,2.5,3\n4,5,6\n"
Findings = dict[str, dict[str, Any]]


class Case:
    """A bucket of its own, a model that SageMaker knows, and a request that nothing is wrong with."""

    def __init__(self, house: House, engine: EngineProcess) -> None:
        self.house, self.s3 = house, engine.client("s3")
        self.bucket, name = f"preflight-{uuid4().hex[:12]}", f"m-{uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)
        models.create(
            target_of(house.connection), name=name, containers=[{"Image": "sagemaker-xgboost:1.7-1"}]
        )
        self.body: dict[str, Any] = {
            **FIELDS,
            "connection": "engine",
            "model": name,
            "data": f"s3://{self.bucket}/in/",
            "output_path": f"s3://{self.bucket}/out/",
            "accept": "text/csv",
        }

    def put(self, **objects: bytes) -> None:
        """Put objects by their keys into the bucket."""
        for key, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def ask(self, **changes: Any) -> Findings:
        """What preflight finds, by code; a change to None takes the field away."""
        body = {name: value for name, value in {**self.body, **changes}.items() if value is not None}
        answer = self.house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json")
        assert answer.status_code == 200, answer.content
        findings: list[dict[str, Any]] = answer.json()["findings"]
        assert [finding["level"] for finding in findings] == sorted(
            (finding["level"] for finding in findings), key=["error", "warning", "note"].index
        )
        return {finding["code"]: finding for finding in findings}

    def check(
        self, code: str, level: str, field: str, *, mended: bool = True, **changes: Any
    ) -> dict[str, Any]:
        """The finding of this code; if it has a fix, that must mend it."""
        findings = self.ask(**changes)
        assert code in findings, findings
        assert (findings[code]["level"], findings[code]["field"]) == (level, field)
        assert findings[code]["reason"].endswith((".", "b,c")), findings[code]["reason"]
        assert bool(findings[code]["fix"]) == mended, findings[code]
        if mended:
            assert code not in self.ask(**{**changes, **findings[code]["fix"]})
        return findings[code]


@pytest.fixture
def refusing_s3(engine_keys: Path) -> Iterator[Target]:
    with refusing() as url:
        yield Target(region="us-east-1", endpoint_url=url, credentials_file=str(engine_keys))


@pytest.fixture
def case(real: House, engine: EngineProcess) -> Case:
    case = Case(real, engine)
    case.put(**{"in/a.csv": ROWS, "in/b.csv": ROWS * 2})
    return case


def blocking(findings: Findings) -> set[str]:
    return {code for code, finding in findings.items() if finding["level"] != "note"}


def test_a_good_request_has_nothing_but_what_it_reads(case: Case) -> None:
    findings = case.ask()
    assert set(findings) == {"input"}
    assert findings["input"]["reason"] == "Reads 2 objects, 42 B; the largest is 28 B."
    assert not TransformJob.objects.exists()


def test_nothing_is_written_to_the_output(case: Case) -> None:
    case.ask()
    listed = case.s3.list_objects_v2(Bucket=case.bucket)["Contents"]
    assert [row["Key"] for row in listed] == ["in/a.csv", "in/b.csv"]


def test_a_model_that_sagemaker_does_not_have_is_an_error(case: Case) -> None:
    finding = case.check("model_missing", "error", "model", mended=False, model="nobody")
    assert "nobody" in finding["reason"]


def test_an_input_without_objects_is_an_error(case: Case) -> None:
    case.check("no_input", "error", "data", mended=False, data=f"s3://{case.bucket}/nothing/in/")
    finding = case.check("input_unusable", "error", "data", mended=False, data="s3://no-such-bucket-here/in/")
    assert finding["reason"] == "There is no bucket no-such-bucket-here."
    case.check(
        "output_unusable", "error", "output_path", mended=False, output_path="s3://no-such-bucket-here/"
    )


def test_a_folder_mark_alone_is_no_input(case: Case) -> None:
    case.put(**{"marked/": b""})
    case.check("no_input", "error", "data", mended=False, data=f"s3://{case.bucket}/marked")


def test_a_prefix_that_other_folders_begin_with_is_a_warning(case: Case) -> None:
    case.put(**{"in_old/c.csv": ROWS, "in.csv": ROWS, "input/d.csv": ROWS})
    finding = case.check("siblings", "warning", "data", data=f"s3://{case.bucket}/in")
    assert finding["fix"] == {"data": f"s3://{case.bucket}/in/"}
    assert "in_old/" in finding["reason"]
    assert case.ask(data=f"s3://{case.bucket}/in")["input"]["reason"].startswith("Reads 5 objects")


def test_a_prefix_of_file_names_is_meant_as_one(case: Case) -> None:
    case.put(**{"parts/part-0.csv": ROWS, "parts/part-1.csv": ROWS})
    assert not blocking(case.ask(data=f"s3://{case.bucket}/parts/part-"))


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("in/a.csv.out", "outputs_as_input"),
        ("in/model.tar.gz", "archives_as_input"),
        ("in/_SUCCESS", "markers_as_input"),
    ],
)
def test_what_is_hardly_input_is_a_warning(case: Case, key: str, code: str) -> None:
    case.put(**{key: b"x"})
    assert key.removeprefix("in/") in case.check(code, "warning", "data", mended=False)["reason"]


def test_an_output_below_the_input_is_a_warning(case: Case) -> None:
    finding = case.check(
        "output_inside_input", "warning", "output_path", output_path=f"s3://{case.bucket}/in/out/"
    )
    assert finding["fix"] == {"output_path": f"s3://{case.bucket}/output-of-in/"}


def test_an_output_that_would_be_replaced_is_a_warning_and_others_a_note(case: Case) -> None:
    case.put(**{"out/z.csv.out": b"1"})
    findings = case.ask()
    assert not blocking(findings)
    assert findings["output_not_empty"]["reason"] == "1 object is there already; none would be replaced."
    case.put(**{"out/a.csv.out": b"1"})
    finding = case.check("outputs_replaced", "warning", "output_path")
    assert finding["reason"] == "1 output is there already and would be replaced, such as a.csv.out."
    assert finding["fix"]["output_path"].startswith(f"s3://{case.bucket}/out/20")


def test_two_inputs_with_one_output_are_an_error_on_an_engine(case: Case) -> None:
    case.put(**{"in/part": b"1\n", "in/part/part": b"2\n"})
    finding = case.check("outputs_collide", "error", "data", mended=False, data=f"s3://{case.bucket}/in/part")
    assert finding["reason"].startswith("in/part and in/part/part have the same output, part.out,")
    assert "outputs_collide" not in case.ask(data=f"s3://{case.bucket}/in/part/")


def test_two_entries_of_a_manifest_with_one_output_are_an_error_on_an_engine(case: Case) -> None:
    case.put(
        **{"in//a.csv": ROWS, "list": f'[{{"prefix": "s3://{case.bucket}/in/"}}, "a.csv", "/a.csv"]'.encode()}
    )
    finding = case.check(
        "outputs_collide",
        "error",
        "data",
        mended=False,
        data=f"s3://{case.bucket}/list",
        data_type="ManifestFile",
    )
    assert "in/a.csv and in//a.csv have the same output, a.csv.out" in finding["reason"]


def test_an_output_that_has_the_key_of_an_input_is_a_warning(case: Case) -> None:
    case.put(**{"in/a.csv.out": b"1\n"})
    finding = case.check(
        "output_replaces_input", "warning", "output_path", output_path=f"s3://{case.bucket}/in/"
    )
    assert (
        finding["reason"] == "The output of a.csv would replace a.csv.out, which is an input of the same job."
    )
    assert "output_replaces_input" not in case.ask()


@pytest.mark.parametrize("content", [None, "text/csv"])
def test_lines_that_are_not_split_are_a_warning(case: Case, content: str | None) -> None:
    case.check(
        "not_split", "warning", "split_type", content_type=content, split_type=None, assemble_with=None
    )


def test_documents_and_pictures_that_are_split_are_a_warning(case: Case) -> None:
    case.put(**{"docs/a.json": b'{\n "a": 1\n}\n', "pictures/a.png": b"\x89PNG\n\n"})
    docs, pictures = f"s3://{case.bucket}/docs/", f"s3://{case.bucket}/pictures/"
    case.check("split_document", "warning", "split_type", data=docs, content_type="application/json")
    case.check("split_document", "warning", "split_type", data=pictures, content_type="image/png")


def test_parquet_that_is_split_is_an_error_and_whole_a_warning(case: Case) -> None:
    case.put(**{"named/a.parquet": b"\0", "begun/part-0": b"PAR1\0\0PAR1"})
    for place in ("named", "begun"):
        data = f"s3://{case.bucket}/{place}/"
        case.check("parquet", "error", "data", mended=False, data=data)
        case.check("parquet", "warning", "data", mended=False, data=data, split_type=None, assemble_with=None)


def test_a_type_that_the_names_contradict_is_a_warning_and_none_a_note(case: Case) -> None:
    finding = case.check(
        "content_type_differs", "warning", "content_type", content_type="application/jsonlines"
    )
    assert finding["fix"] == {"content_type": "text/csv"}
    case.check("content_type_missing", "note", "content_type", content_type=None)


def test_answers_without_line_ends_are_a_warning(case: Case) -> None:
    case.check("assembled_without_lines", "warning", "assemble_with", assemble_with=None)


def test_gzip_is_held_against_the_names(case: Case) -> None:
    case.put(
        **{"packed/a.csv.gz": gzip.compress(ROWS), "mixed/a.csv.gz": gzip.compress(ROWS), "mixed/b.csv": ROWS}
    )
    case.check("compression_differs", "warning", "compression_type", compression_type="Gzip")
    packed, mixed = f"s3://{case.bucket}/packed/", f"s3://{case.bucket}/mixed/"
    case.check("compression_differs", "warning", "compression_type", data=packed)
    for compression_type in (None, "Gzip"):
        case.check(
            "compression_differs",
            "warning",
            "compression_type",
            mended=False,
            data=mixed,
            compression_type=compression_type,
        )


def test_gzip_is_held_against_the_bytes_where_the_name_says_otherwise(case: Case) -> None:
    case.put(**{"hidden/a.csv": gzip.compress(ROWS), "named/a.csv.gz": ROWS})
    hidden, named = f"s3://{case.bucket}/hidden/", f"s3://{case.bucket}/named/"
    finding = case.check("gzip_differs", "warning", "compression_type", data=hidden)
    assert "is gzip, whatever its name says" in finding["reason"]
    assert not blocking(case.ask(data=hidden, compression_type="Gzip"))
    finding = case.check("gzip_differs", "warning", "compression_type", data=named, compression_type="Gzip")
    assert "is not gzip" in finding["reason"]


def test_lines_are_looked_at_inside_gzip_too(case: Case) -> None:
    case.put(**{"packed/a.csv.gz": gzip.compress(b"a,b,c\n1,2,3\n")})
    packed = {"data": f"s3://{case.bucket}/packed/", "compression_type": "Gzip"}
    case.check("csv_header", "warning", "data", mended=False, **packed)


def test_a_line_larger_than_a_call_is_an_error(case: Case) -> None:
    case.put(**{"wide/a.csv": b"1," * 1_200_000 + b"2\n1,2\n"})
    wide = {"data": f"s3://{case.bucket}/wide/", "max_payload": 1}
    finding = case.check("record_too_large", "error", "max_payload", **wide)
    assert finding["reason"] == "A line of the first object is 2.3 MB long; a call may have 1 MB."
    assert finding["fix"] == {"max_payload": 3}
    assert "record_too_large" not in case.ask(**{**wide, "max_payload": 0})


def test_a_models_archive_has_to_be_there_and_to_fit(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = [{"Image": "sagemaker-xgboost:1.7-1", "ModelDataUrl": f"s3://{case.bucket}/model.tar.gz"}]
    name = f"m-{uuid4().hex[:12]}"
    # No model can be made without its archive, but the archive may go later.
    case.put(**{"model.tar.gz": b"x" * 100})
    models.create(target_of(case.house.connection), name=name, containers=archive)
    case.s3.delete_object(Bucket=case.bucket, Key="model.tar.gz")
    finding = case.check("archive_missing", "error", "model", mended=False, model=name)
    assert f"s3://{case.bucket}/model.tar.gz" in finding["reason"]
    case.put(**{"model.tar.gz": b"x" * 100})
    assert not blocking(case.ask(model=name))
    monkeypatch.setattr(location_checks, "VOLUME", 99)
    case.check("archive_too_large", "warning", "model", mended=False, model=name)


def test_writing_is_tried_without_a_trace_and_a_refusal_is_said(case: Case, refusing_s3: Target) -> None:
    target = target_of(case.house.connection)
    assert objects.may_put(target, case.bucket, "out/.batchdeck")
    assert "out/.batchdeck" not in [
        row["Key"] for row in case.s3.list_objects_v2(Bucket=case.bucket)["Contents"]
    ]
    assert not objects.may_put(refusing_s3, case.bucket, "out/.batchdeck")
    request_values, inspection = RequestValues({}), Inspection(at=timezone.now(), writable=False)
    (finding,) = location_checks.writing(request_values, inspection)
    assert "s3:PutObject" in finding.reason


def test_what_the_prefix_matches_and_an_estimate_are_answered_too(case: Case) -> None:
    case.put(**{"in_old/c.csv": ROWS})
    for _ in range(5):
        end = timezone.now()
        case.house.job(
            JobState.COMPLETED,
            model_name=case.body["model"],
            started_at=end - timedelta(seconds=60),
            ended_at=end,
            bytes_total=56,
            objects_total=2,
        )
    body = {**case.body, "data": f"s3://{case.bucket}/in"}
    answer = case.house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json").json()
    assert [(group["key"], group["also"]) for group in answer["matches"]["groups"]] == [
        ("in/", False),
        ("in_old/", True),
    ]
    assert (answer["estimate"]["jobs"], answer["estimate"]["seconds"]) == (5, 60)
    assert answer["estimate"]["cost_usd"] is None
    begun = case.house.api("bob").post("/api/v1/jobs/preflight/", {}, "application/json").json()
    assert (begun["matches"], begun["estimate"], begun["trial"]) == (None, None, None)


def trial(case: Case, **changes: Any) -> dict[str, Any] | None:
    """What filters make of the first records, by the API."""
    answer = case.house.api("bob").post(
        "/api/v1/jobs/preflight/", {**case.body, **changes}, "application/json"
    )
    result: dict[str, Any] | None = answer.json()["trial"]
    return result


def test_filters_and_the_join_are_shown_on_the_first_records(case: Case) -> None:
    result = trial(case, input_filter="$[1:]", output_filter="$[0,-1]", join_source="Input")
    assert result is not None
    assert result["records"] == [
        {"record": "1,2.5,3", "sent": "2.5,3", "written": "1,[prediction]"},
        {"record": "4,5,6", "sent": "5,6", "written": "4,[prediction]"},
    ]
    assert [(column["text"], column["sent"]) for column in result["columns"]] == [
        ("1", False),
        ("2.5", True),
        ("3", True),
    ]
    assert (result["sent_columns"], result["further"], result["trouble"]) == (2, 0, "")


def test_json_lines_are_shown_joined_under_sagemakers_names(case: Case) -> None:
    case.put(**{"json/a.jsonl": b'{"id":1,"x":[2]}\n{"id":2,"x":[3]}\n'})
    lines = {"data": f"s3://{case.bucket}/json/", "content_type": "application/jsonlines"}
    result = trial(case, **lines, accept="application/jsonlines", input_filter="$.x", join_source="Input")
    assert result is not None
    assert result["records"][0] == {
        "record": '{"id":1,"x":[2]}',
        "sent": "[2]",
        "written": '{"id":1,"x":[2],"SageMakerOutput":"[prediction]"}',
    }
    assert result["columns"] == []


def test_nothing_is_tried_where_nothing_is_filtered_or_a_path_cannot_be_read(case: Case) -> None:
    assert trial(case) is None
    assert trial(case, input_filter="$", join_source="None") is None
    assert trial(case, input_filter="$[") is None


def test_what_only_the_answer_can_tell_is_not_made_up(case: Case) -> None:
    result = trial(case, output_filter="$[3]")
    assert result is not None
    assert [record["written"] for record in result["records"]] == ["", ""]
    joined = trial(case, output_filter="$[9]", join_source="Input")
    assert joined is not None
    assert [record["written"] for record in joined["records"]] == ["", ""]


def test_a_filter_that_the_first_record_does_not_have_is_a_warning(case: Case) -> None:
    finding = case.check("record_fails", "warning", "input_filter", mended=False, input_filter="$[7]")
    assert finding["reason"] == "Record 1 of the first object fails: $[7] finds nothing: there is no [7]."


def test_a_filter_that_fails_still_has_its_columns_numbered(case: Case) -> None:
    result = trial(case, input_filter="$[7]")
    assert result is not None
    assert [(column["number"], column["sent"]) for column in result["columns"]] == [
        (0, False),
        (1, False),
        (2, False),
    ]
    assert (result["records"], result["sent_columns"]) == ([], 0)


def test_a_key_for_captured_data_that_is_none_is_an_error(case: Case) -> None:
    capture = {"destination_s3_uri": f"s3://{case.bucket}/capture/", "kms_key_id": "\u2603 nonsense"}
    answer = case.house.api("bob").post(
        "/api/v1/jobs/", {**case.body, "data_capture_config": capture}, "application/json"
    )
    assert answer.status_code == 400
    assert "data_capture_config.kms_key_id" in answer.json()["error"]["fields"]


def test_a_record_that_the_join_cannot_read_is_a_warning(case: Case) -> None:
    case.put(**{"broken/a.jsonl": b'{"id":1}\n{"id":2\n', "broken/b.csv": b'1,"a"b,3\n'})
    lines = {"data": f"s3://{case.bucket}/broken/a", "content_type": "application/jsonlines"}
    result = trial(case, **lines, accept="application/jsonlines", join_source="Input")
    assert result is not None
    assert [record["record"] for record in result["records"]] == ['{"id":1}']
    assert result["trouble"].startswith("Record 2 of the first object fails: ")
    rows = trial(case, data=f"s3://{case.bucket}/broken/b", join_source="Input")
    assert rows is not None
    assert rows["trouble"].startswith("Record 1 of the first object fails: ")


def test_what_an_inference_id_adds_is_shown(case: Case) -> None:
    capture = {"destination_s3_uri": f"s3://{case.bucket}/capture/", "generate_inference_id": True}
    result = trial(case, join_source="Input", data_capture_config=capture)
    assert result is not None
    assert result["records"][0]["written"] == "1,2.5,3,[prediction],[inference id],[inference time]"


@pytest.mark.parametrize("path", ["$[%d]", "$[-%d]", "$[%d:]"])
def test_a_column_further_than_any_row_is_long_is_a_warning(case: Case, path: str) -> None:
    far = path % 10**20
    finding = case.check("record_fails", "warning", "input_filter", mended=False, input_filter=far)
    assert "finds nothing" in finding["reason"]


def test_of_a_row_of_very_many_columns_none_is_numbered(case: Case) -> None:
    case.put(**{"vast/a.csv": b"1," * 150_000 + b"1\n"})
    result = trial(case, data=f"s3://{case.bucket}/vast/", input_filter="$[1:]")
    assert result is not None
    assert (result["columns"], result["further"], len(result["records"])) == ([], 0, 1)


def test_a_wide_or_long_record_is_shown_in_part(case: Case) -> None:
    case.put(**{"wide/a.csv": b",".join(b"%d" % n for n in range(784)) + b"\n"})
    result = trial(case, data=f"s3://{case.bucket}/wide/", input_filter="$[1:]")
    assert result is not None
    assert (len(result["columns"]), result["further"], result["sent_columns"]) == (60, 724, 783)
    assert len(result["records"][0]["record"]) == 301


def test_an_object_larger_than_a_call_is_an_error_unless_it_is_split(case: Case) -> None:
    case.put(**{"large/a.bin": bytes(7 * 1024 * 1024)})
    whole = {
        "data": f"s3://{case.bucket}/large/",
        "content_type": "image/x",
        "split_type": None,
        "assemble_with": None,
    }
    finding = case.check("object_too_large", "error", "max_payload", **whole)
    assert finding["reason"] == "a.bin is 7.0 MB and goes in one call; a call may have 6 MB."
    assert finding["fix"] == {"max_payload": 7}
    case.check(
        "object_too_large", "error", "max_payload", mended=False, **whole, max_concurrent_transforms=15
    )
    assert "object_too_large" not in case.ask(**whole, max_payload=0)
    assert "object_too_large" not in case.ask(**{**whole, "split_type": "Line"})


def test_more_instances_than_objects_are_a_warning(case: Case) -> None:
    finding = case.check("idle_instances", "warning", "instance_count", instance_count=5)
    assert finding["fix"] == {"instance_count": 2}


def test_a_header_and_a_quoted_line_end_are_warnings(case: Case) -> None:
    case.put(**{"heads/a.csv": b"a,b,c\n1,2,3\n", "quoted/a.csv": b'1,"two\nlines"\n'})
    case.check("csv_header", "warning", "data", mended=False, data=f"s3://{case.bucket}/heads/")
    case.put(**{"twice/a.csv": b"b,b,c\n1,2,3\n"})
    case.check("csv_header", "warning", "data", mended=False, data=f"s3://{case.bucket}/twice/")
    finding = case.check(
        "csv_line_in_quotes", "warning", "data", mended=False, data=f"s3://{case.bucket}/quoted/"
    )
    assert "after line 1" in finding["reason"]


def test_json_over_several_lines_is_a_warning_where_lines_are_split(case: Case) -> None:
    case.put(**{"pretty/a.jsonl": b'{\n"a": 1}\n', "rows/a.jsonl": b'{"a": 1}\n'})
    lines = {"content_type": "application/jsonlines", "accept": "application/jsonlines"}
    case.check(
        "json_no_lines", "warning", "split_type", mended=False, data=f"s3://{case.bucket}/pretty/", **lines
    )
    assert not blocking(case.ask(data=f"s3://{case.bucket}/rows/", **lines))


@pytest.mark.parametrize(
    ("field", "fix", "changes"),
    [
        ("max_payload", {"max_payload": 25}, {"max_payload": 50, "max_concurrent_transforms": 4}),
        (
            "max_payload",
            {"max_concurrent_transforms": 50},
            {"max_payload": 2, "max_concurrent_transforms": 200},
        ),
        ("max_payload", {"max_payload": 100}, {"max_payload": 400}),
        ("accept", {"accept": "text/csv"}, {"join_source": "Input", "accept": "application/json"}),
        ("split_type", {"split_type": "Line"}, {"join_source": "Input", "split_type": "None"}),
        ("assemble_with", {"assemble_with": "Line"}, {"join_source": "Input", "assemble_with": None}),
        ("accept", {"accept": "text/csv"}, {"output_filter": "$[0]", "accept": "image/png"}),
        ("input_filter", None, {"input_filter": "$['a']"}),
        ("input_filter", None, {"input_filter": "$[0:1,3:4]"}),
        ("strategy", None, {"strategy": "AllAtOnce"}),
        ("nonsense", None, {"nonsense": 1}),
    ],
)
def test_what_the_hard_rules_refuse_is_an_error_with_their_sentence(
    case: Case, field: str, fix: dict[str, Any] | None, changes: dict[str, Any]
) -> None:
    body = {name: value for name, value in {**case.body, **changes}.items() if value is not None}
    refused = case.house.api("bob").post("/api/v1/jobs/", body, "application/json").json()["error"]["fields"]
    errors = [finding for finding in case.ask(**changes).values() if finding["level"] == "error"]
    mine = next(finding for finding in errors if finding["field"] == field)
    assert mine["reason"] == " ".join(refused[field])
    assert mine["fix"] == fix
    if fix:
        assert not [
            finding for finding in case.ask(**{**changes, **fix}).values() if finding["field"] == field
        ]


def test_a_body_that_is_hardly_begun_is_told_what_is_required(case: Case) -> None:
    answer = case.house.api("bob").post("/api/v1/jobs/preflight/", {}, "application/json")
    findings = answer.json()["findings"]
    assert {finding["field"] for finding in findings if finding["code"] == "required"} >= {
        "connection",
        "model",
        "data",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"connection": 5, "model": [], "data": {"a": 1}, "max_payload": "x"},
        {"connection": "engine", "data": "s3://B ad!/x", "output_path": "s3://", "nonsense": []},
        {"connection": "engine", "request": [1]},
        {
            "connection": "engine",
            "request": {"TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": 5}}}},
        },
        {
            "connection": "engine",
            "data": "nowhere",
            "nonsense": 1,
            "fallback_instance_types": 5,
            "instance_type": "x",
        },
    ],
)
def test_bodies_that_make_no_sense_are_answered_with_errors(case: Case, body: dict[str, Any]) -> None:
    answer = case.house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json")
    assert answer.status_code == 200, answer.content
    assert [finding for finding in answer.json()["findings"] if finding["level"] == "error"]


def test_a_request_in_amazons_words_is_checked_alike(case: Case) -> None:
    request = {
        "ModelName": case.body["model"],
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": case.body["data"]}}
        },
        "TransformOutput": {"S3OutputPath": case.body["output_path"]},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 3},
    }
    body = {"connection": "engine", "request": request}
    answer = case.house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json")
    codes = {finding["code"] for finding in answer.json()["findings"]}
    assert {"idle_instances", "not_split", "input"} <= codes


def test_manifests_are_read(case: Case) -> None:
    manifest = b'[{"prefix": "s3://%s/in/"}, "a.csv"]' % case.bucket.encode()
    case.put(
        **{
            "good.manifest": manifest,
            "bad.manifest": b"{}",
            "empty.manifest": manifest.replace(b', "a.csv"', b""),
        }
    )
    for name, beginning in [
        ("bad", "The manifest must be a JSON array"),
        ("empty", "The manifest names no object."),
        ("lost", "There is no object"),
    ]:
        uri = f"s3://{case.bucket}/{name}.manifest"
        finding = case.check(
            "input_unusable", "error", "data", mended=False, data=uri, data_type="ManifestFile"
        )
        assert finding["reason"].startswith(beginning)
    findings = case.ask(data=f"s3://{case.bucket}/good.manifest", data_type="ManifestFile")
    assert findings["input_unseen"]["reason"] == "The manifest names 1 object, not looked at here."


def test_what_the_limits_never_allow_is_an_error_and_what_would_wait_a_note(case: Case) -> None:
    house = case.house
    house.connection.max_instances_per_type = {"ml.m5.large": 1}
    house.connection.save()
    finding = case.check("over_limit", "error", "instance_count", instance_count=2)
    assert finding["fix"] == {"instance_count": 1}
    house.job("IN_PROGRESS")
    assert case.ask()["would_wait"]["reason"].startswith("It would wait: 1 of 1 ml.m5.large")
    Quotas.objects.create(
        connection=house.connection, instances_per_type={"ml.p3.2xlarge": 0}, read_at="2026-01-01T00:00Z"
    )
    case.check("over_limit", "error", "instance_type", mended=False, instance_type="ml.p3.2xlarge")


def test_a_connection_that_cannot_be_asked_blocks_nothing(house: House) -> None:
    body = {"connection": "engine", "model": "churn", **FIELDS}
    findings = house.api("bob").post("/api/v1/jobs/preflight/", body, "application/json").json()["findings"]
    codes = {finding["code"]: finding for finding in findings}
    assert "cannot be reached" in codes["not_looked_at"]["reason"]
    assert {finding["level"] for finding in findings} == {"note"}


def test_more_objects_than_are_looked_at_are_counted_as_more(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.services.submitting.preflight.inspection.LOOKED_AT", 1)
    assert case.ask()["input"]["reason"] == "Reads 1+ objects, at least 14 B; the largest is 14 B."
    assert "idle_instances" not in case.ask(instance_count=3)


def test_preflight_asks_within_the_team_and_as_an_operator_only(case: Case, other_house: House) -> None:
    answer = case.house.api("vera").post("/api/v1/jobs/preflight/", case.body, "application/json")
    assert answer.status_code == 403
    other_house.connection.delete()
    findings = (
        other_house.api("charlie")
        .post("/api/v1/jobs/preflight/", case.body, "application/json")
        .json()["findings"]
    )
    assert {finding["field"] for finding in findings if finding["level"] == "error"} == {"connection"}
    assert "input" not in {finding["code"] for finding in findings}
