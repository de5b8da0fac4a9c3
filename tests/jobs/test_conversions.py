"""Parquet converted on a real engine: what comes out is compared with what pyarrow reads of the source."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.converting import files, memory, slices
from jobs.models import Conversion, Lease
from jobs.models.conversion import ConversionState
from jobs.tasks import convert_due_files, convert_files
from teams.models import Activity, Membership, Role
from tests.cast import House
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db

API = "/api/v1/connections/engine/conversions/"
PLAIN = pa.table(
    {
        "id": pa.array(range(10), pa.int64()),
        "score": pa.array([0.5, None, 1e20, 0.1, -2.0, 3.25, 1e-7, 8.0, 9.5, None]),
        "name": ["a", "b,c", 'd"e', None, "é文", "", " g", "h", "i", "j\\k"],
    }
)


class Case:
    """A bucket of its own on the engine, and a person who converts what is in it."""

    def __init__(self, house: House, engine: EngineProcess) -> None:
        self.house, self.s3, self.client = house, engine.client("s3"), house.api("bob")
        self.bucket = f"parquet-{uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, content: pa.Table | bytes, **options: Any) -> None:
        """Write a table as Parquet, or bytes as they are."""
        body = content if isinstance(content, bytes) else parquet(content, **options)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def begin(self, key: str, text_format: str = "jsonlines", **fields: Any) -> Any:
        """The answer to a request to convert."""
        headers = fields.pop("headers", {})
        body = {"path": f"s3://{self.bucket}/{key}", "format": text_format, **fields}
        return self.client.post(API, body, "application/json", headers=headers)

    def convert(self, key: str, text_format: str = "jsonlines", **fields: Any) -> Any:
        """The answer about a conversion that has ended."""
        answer = self.begin(key, text_format, **fields)
        assert answer.status_code == 201, answer.content
        return self.finish(answer.json()["id"])

    def finish(self, key: str) -> Any:
        """Do what workers do until it has ended."""
        row = Conversion.objects.get(key=key)
        while row.is_under_way:
            convert_files(row.pk)
            row.refresh_from_db()
        convert_files(row.pk)
        return self.client.get(f"{API}{key}/").json()

    def read(self, key: str) -> bytes:
        """The object's bytes."""
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def rows(self, key: str) -> list[Any]:
        """The lines of JSON."""
        return [json.loads(line) for line in self.read(key).decode().split("\n")[:-1]]

    def all_keys(self) -> list[str]:
        """All keys in order."""
        return [row["Key"] for row in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def uploads(self) -> list[Any]:
        """Uploads that were begun and neither completed nor aborted."""
        return list(self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []))


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.fixture
def case(real: House, engine: EngineProcess) -> Case:
    return Case(real, engine)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices that end after a part, of the least size that S3 takes."""
    monkeypatch.setattr(files, "PART", 5 * 1024 * 1024)
    monkeypatch.setattr(slices, "SECONDS", 0.0)


def test_a_file_becomes_lines_of_json_beside_it_in_the_same_order(case: Case) -> None:
    case.put("in/a.snappy.parquet", PLAIN, row_group_size=3)
    done = case.convert("in/a.snappy.parquet")
    assert (done["state"], done["rows"], done["share"]) == ("COMPLETED", 10, 1.0)
    assert done["output"] == f"s3://{case.bucket}/in/a.jsonl"
    read = pa.json.read_json(io.BytesIO(case.read("in/a.jsonl")))
    assert read.cast(PLAIN.schema).equals(PLAIN)
    assert not case.uploads()


def test_csv_has_no_header_unless_asked_for_one(case: Case) -> None:
    case.put("in/a.parquet", PLAIN, row_group_size=4)
    for header, output in ((False, "in/a.csv"), (True, "in/headed.csv")):
        done = case.convert("in/a.parquet", "csv", header=header, output=f"s3://{case.bucket}/{output}")
        assert done["state"] == "COMPLETED", done
        names = [] if header else PLAIN.schema.names
        read = pa.csv.read_csv(
            io.BytesIO(case.read(output)),
            read_options=pa.csv.ReadOptions(column_names=names),
            convert_options=pa.csv.ConvertOptions(column_types=PLAIN.schema),
        )
        filled = PLAIN.set_column(2, "name", PLAIN["name"].fill_null(""))
        assert read.equals(filled)


def test_all_kinds_of_values_keep_what_they_are_in_json(case: Case) -> None:
    at = datetime(2026, 3, 1, 12, 30, 0, 250, UTC)
    values: dict[str, pa.Array] = {
        "nested": pa.array(
            [{"a": [1, None], "t": at}, None],
            pa.struct([("a", pa.list_(pa.int8())), ("t", pa.timestamp("us", "Europe/Berlin"))]),
        ),
        "map": pa.array([[("k", Decimal("1.20"))], []], pa.map_(pa.string(), pa.decimal128(9, 2))),
        "moment": pa.array([1_700_000_000_123_456_789, None], pa.int64()).cast(pa.timestamp("ns")),
        "day": pa.array([date(2026, 2, 28), None]),
        "amount": pa.array([Decimal("12345678901234567.10"), None], pa.decimal128(38, 2)),
        "ratio": pa.array([0.1, float("nan")], pa.float32()),
        "flag": pa.array([True, None]),
        "raw": pa.array([b"\xff\0", None]),
        "lines": pa.array(['a\nb\t"\\', None]),
        "category": pa.array(["x", None]).dictionary_encode(),
        "nothing": pa.nulls(2),
    }
    case.put("kinds.parquet", pa.table(values))
    assert case.convert("kinds.parquet")["state"] == "COMPLETED"
    text = case.read("kinds.jsonl").decode()
    first, second = text.split("\n")[:-1]
    assert '"amount":12345678901234567.10,' in first
    assert json.loads(first) == {
        "nested": {"a": [1, None], "t": "2026-03-01T12:30:00.000250Z"},
        "map": {"k": 1.2},
        "moment": "2023-11-14T22:13:20.123456789",
        "day": "2026-02-28",
        "amount": pytest.approx(1.23456789012345671e16),
        "ratio": 0.1,
        "flag": True,
        "raw": "/wA=",
        "lines": 'a\nb\t"\\',
        "category": "x",
        "nothing": None,
    }
    assert json.loads(second) == {**dict.fromkeys(values), "map": {}}


def test_csv_refuses_what_it_has_no_place_for_and_names_the_column(case: Case) -> None:
    refused = {
        "nested": (pa.table({"id": [1], "tags": [["a"]]}), "nested columns: tags (list<"),
        "broken": (pa.table({"text": ["a\nb"]}), "column text has a line break"),
    }
    for name, (table, sentence) in refused.items():
        case.put(f"{name}.parquet", table)
        failed = case.convert(f"{name}.parquet", "csv")
        assert failed["state"] == "FAILED"
        assert sentence in failed["problem"]
        assert f"s3://{case.bucket}/{name}.parquet: " in failed["problem"]
        assert "JSON Lines" in failed["problem"]
    assert case.all_keys() == ["broken.parquet", "nested.parquet"]
    assert not case.uploads()


def test_a_row_without_a_value_is_a_line_that_is_not_empty(case: Case) -> None:
    case.put("a.parquet", pa.table({"a": ["x", None, ""]}))
    case.convert("a.parquet", "csv")
    assert case.read("a.csv") == b'x\n""\n""\n'


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "It is empty"),
        (b"1,2\n3,4\n", "does not begin with PAR1"),
        (parquet(PLAIN)[:-9], "was cut off"),
        (b"PAR1PAR1", "was cut off"),
        (gzip.compress(parquet(PLAIN)), "packed with gzip"),
        (b"PARE" + bytes(20) + b"PARE", "is encrypted"),
        (b"PAR1" + bytes(40) + (20).to_bytes(4, "little") + b"PAR1", "cannot be read as Parquet"),
    ],
    ids=["empty", "CSV", "cut", "too short", "gzip", "encrypted", "no footer"],
)
def test_what_is_no_whole_parquet_file_fails_with_the_reason(case: Case, body: bytes, sentence: str) -> None:
    case.put("odd.parquet", body)
    failed = case.convert("odd.parquet")
    assert failed["state"] == "FAILED"
    assert sentence in failed["problem"]
    assert case.all_keys() == ["odd.parquet"]


def test_bytes_that_are_damaged_in_the_middle_fail_and_leave_nothing(case: Case) -> None:
    body = bytearray(parquet(PLAIN, compression="none", write_page_checksum=True))
    at = body.index(b"b,c")
    body[at] ^= 1
    case.put("damaged.parquet", bytes(body))
    failed = case.convert("damaged.parquet")
    assert (failed["state"], "cannot be read as Parquet" in failed["problem"]) == ("FAILED", True)
    assert not case.uploads()


def test_a_name_that_ends_in_gz_is_read_as_what_it_is(case: Case) -> None:
    case.put("in/part-0.parquet.gz", PLAIN, compression="gzip")
    done = case.convert("in/part-0.parquet.gz")
    assert (done["state"], done["output"]) == ("COMPLETED", f"s3://{case.bucket}/in/part-0.jsonl")


def test_files_of_0_rows_become_empty_objects(case: Case) -> None:
    case.put("none.parquet", PLAIN.slice(0, 0))
    assert case.convert("none.parquet")["rows"] == 0
    assert case.read("none.jsonl") == b""
    case.convert("none.parquet", "csv", header=True)
    assert case.read("none.csv") == b"id,score,name\n"


def test_a_folder_becomes_a_folder_beside_it(case: Case) -> None:
    for number in range(3):
        case.put(f"in/day={number}/part.parquet", PLAIN.slice(number, 2))
    for name in ("_SUCCESS", "notes.txt", "day=0/_metadata"):
        case.put(f"in/{name}", b"x")
    done = case.convert("in/")
    assert (done["state"], done["files"], done["files_done"], done["rows"]) == ("COMPLETED", 3, 3, 6)
    assert done["output"] == f"s3://{case.bucket}/in-jsonl/"
    assert [row["id"] for row in case.rows("in-jsonl/day=2/part.jsonl")] == [2, 3]
    assert len([key for key in case.all_keys() if key.startswith("in-jsonl/")]) == 3


def test_files_without_such_names_are_known_by_their_first_bytes(case: Case) -> None:
    case.put("in/part-0", PLAIN)
    case.put("in/readme", b"hello")
    done = case.convert("in/part")
    assert (done["state"], done["files"]) == ("COMPLETED", 1)
    assert len(case.rows("in-jsonl/part-0.jsonl")) == 10
    case.put("in/part-1", b"no Parquet")
    done = case.convert("in/", output=f"s3://{case.bucket}/again/")
    assert (done["state"], done["files_done"]) == ("COMPLETED", 1)


def test_files_of_csv_must_have_the_same_columns(case: Case) -> None:
    case.put("in/a.parquet", PLAIN)
    case.put("in/b.parquet", PLAIN.select(["id", "name", "score"]))
    failed = case.convert("in/", "csv")
    assert (failed["state"], failed["files_done"]) == ("FAILED", 1)
    assert "in/b.parquet: It has other columns" in failed["problem"]
    assert "score there and name here" in failed["problem"]


def test_nothing_is_replaced_unless_asked_for(case: Case) -> None:
    case.put("in/a.parquet", PLAIN)
    case.put("in-jsonl/a.jsonl", b"mine")
    refused = case.begin("in/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "object_exists")
    assert not Conversion.objects.exists()
    assert case.read("in-jsonl/a.jsonl") == b"mine"
    assert case.convert("in/", replace=True)["state"] == "COMPLETED"
    assert len(case.rows("in-jsonl/a.jsonl")) == 10


def test_what_somebody_writes_meanwhile_is_not_replaced(case: Case) -> None:
    case.put("a.parquet", PLAIN)
    begun = case.begin("a.parquet").json()
    case.put("a.jsonl", b"mine")
    failed = case.finish(begun["id"])
    assert (failed["state"], "a.jsonl already" in failed["problem"]) == ("FAILED", True)
    assert case.read("a.jsonl") == b"mine"
    assert not case.uploads()


def test_two_people_cannot_convert_one_folder_at_once(case: Case, real: House) -> None:
    case.put("in/a.parquet", PLAIN)
    first = case.begin("in/")
    case.client = real.api("alice")
    second = case.begin("in/")
    assert (first.status_code, second.status_code) == (201, 409)
    assert "under way already by bob" in second.json()["error"]["message"]
    assert case.finish(first.json()["id"])["state"] == "COMPLETED"


def test_a_request_sent_again_with_its_key_begins_one_conversion(case: Case) -> None:
    case.put("a.parquet", PLAIN)
    keyed = {"Idempotency-Key": "same"}
    first, again = (case.begin("a.parquet", headers=keyed) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert Conversion.objects.count() == Activity.objects.filter(verb="conversion.created").count() == 1


def _large(rows: int = 40_000) -> pa.Table:
    return pa.table({"id": range(rows), "text": [f"{number:0400}" for number in range(rows)]})


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_goes_on_after_each_slice_and_has_all_rows_once(case: Case) -> None:
    case.put("large.parquet", _large(), row_group_size=15_000, use_dictionary=False)
    begun = case.begin("large.parquet").json()
    row = Conversion.objects.get(key=begun["id"])
    counts = []
    while row.is_under_way:
        convert_files(row.pk)
        row.refresh_from_db()
        counts.append(row.rows_in_parts)
    assert len(counts) == 4
    assert [line["id"] for line in case.rows("large.jsonl")] == list(range(40_000))


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_was_sent_and_not_written_down_is_sent_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.put("large.parquet", _large(), row_group_size=15_000)
    begun = case.begin("large.parquet").json()
    row = Conversion.objects.get(key=begun["id"])
    convert_files(row.pk)
    row.refresh_from_db()
    at = row.rows_in_parts
    with monkeypatch.context() as patch:

        def end_of_process(*args: Any, **values: Any) -> bool:
            raise KeyboardInterrupt

        patch.setattr(Conversion, "move", end_of_process)
        with pytest.raises(KeyboardInterrupt):
            slices._convert(row, target_of(row.connection))
    Lease.objects.all().delete()
    row.refresh_from_db()
    assert row.rows_in_parts == at
    case.finish(begun["id"])
    assert [line["id"] for line in case.rows("large.jsonl")] == list(range(40_000))


@pytest.mark.usefixtures("small_parts")
def test_a_stopped_conversion_leaves_no_parts(case: Case) -> None:
    case.put("large.parquet", _large())
    begun = case.begin("large.parquet").json()
    row = Conversion.objects.get(key=begun["id"])
    convert_files(row.pk)
    assert len(case.uploads()) == 1
    stopped = case.client.post(f"{API}{begun['id']}/stop/")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "STOPPED")
    assert case.client.post(f"{API}{begun['id']}/stop/").status_code == 409
    Conversion.objects.update(try_at=timezone.now())
    assert slices.due_conversions() == [row.pk]
    convert_due_files()
    convert_files(row.pk)
    assert not case.uploads()
    assert slices.due_conversions() == []
    assert case.all_keys() == ["large.parquet"]


@pytest.mark.parametrize("change", ["left", "viewer", "inactive"])
def test_a_conversion_ends_with_the_rights_of_who_began_it(
    case: Case, real: House, small_parts: None, change: str
) -> None:
    numbers = pa.table({"x": pa.array(range(1_500_000), pa.int64())})
    case.put("in/a.parquet", numbers, row_group_size=100_000)
    key = case.begin("in/a.parquet").json()["id"]
    row = Conversion.objects.get(key=key)
    convert_files(row.pk)
    assert case.uploads(), "its first part is in S3"
    bob = real.people["bob"]
    if change == "left":
        Membership.objects.filter(user=bob).delete()
    elif change == "viewer":
        Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    else:
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    case.client = real.api("alice")
    answer = case.finish(key)
    sentence = "is not in" if change == "left" else "may not write data of"
    assert (answer["state"], sentence in answer["problem"]) == ("FAILED", True), answer
    assert (case.uploads(), case.all_keys()) == ([], ["in/a.parquet"])
    again = case.begin("in/a.parquet")
    assert again.status_code == 201, "somebody else begins it again"


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_is_replaced_meanwhile_is_not_mixed(case: Case) -> None:
    case.put("large.parquet", _large())
    begun = case.begin("large.parquet").json()
    convert_files(Conversion.objects.get(key=begun["id"]).pk)
    case.put("large.parquet", PLAIN)
    failed = case.finish(begun["id"])
    assert (failed["state"], "replaced while it was converted" in failed["problem"]) == ("FAILED", True)
    assert not case.uploads()


def test_a_file_that_ends_workers_is_given_up(case: Case) -> None:
    case.put("a.parquet", PLAIN)
    begun = case.begin("a.parquet").json()
    Conversion.objects.update(tries=slices.MOST_TRIES)
    failed = case.finish(begun["id"])
    assert (failed["state"], "A worker ended 3 times" in failed["problem"]) == ("FAILED", True)


def test_rows_that_take_too_much_memory_fail_with_the_bound(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "MEMORY", 256 * 1024**2)
    # A few kilobytes that are 400 MB in memory.
    column = pa.array(["x" * 100_000_000] * 4, pa.large_string())
    case.put("bomb.parquet", pa.table({"text": column}), compression="zstd", use_dictionary=False)
    failed = case.convert("bomb.parquet")
    assert (failed["state"], "take more than 256 MB" in failed["problem"]) == ("FAILED", True)
    with memory.at_most(10**9):
        assert len(bytearray(10**8)) == 10**8


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "avro"}, "format"),
        ({"header": True}, "header"),
        ({"output": "s3://bucket/folder/"}, "output"),
        ({"path": "no address"}, "path"),
        ({"output": "s3://b//../"}, "output"),
    ],
)
def test_wrong_fields_are_named(case: Case, fields: dict[str, Any], field: str) -> None:
    case.put("a.parquet", PLAIN)
    body = {"path": f"s3://{case.bucket}/a.parquet", "format": "jsonlines", **fields}
    refused = case.client.post(API, body, "application/json")
    assert refused.status_code == 400, refused.content
    assert field in refused.json()["error"]["fields"]


def test_two_files_that_would_have_one_name_are_refused(case: Case) -> None:
    case.put("in/a.parquet", PLAIN)
    case.put("in/a.pq", PLAIN)
    refused = case.begin("in/")
    assert refused.status_code == 400
    assert "Two of its files would become in-jsonl/a.jsonl" in refused.content.decode()


def test_a_folder_without_parquet_and_a_missing_file_are_told(case: Case) -> None:
    case.put("in/a.csv", b"1\n")
    for key in ("in/", "nothing.parquet"):
        refused = case.begin(key)
        assert (refused.status_code, "no Parquet file at" in refused.json()["error"]["message"]) == (
            404,
            True,
        )


def test_a_connection_that_may_use_one_folder_converts_inside_it(case: Case, real: House) -> None:
    case.put("in/a.parquet", PLAIN)
    real.connection.allowed_places = [f"s3://{case.bucket}/in/"]
    real.connection.save()
    assert case.convert("in/")["output"] == f"s3://{case.bucket}/in/jsonl/"
    refused = case.begin("in/", output=f"s3://{case.bucket}/elsewhere/")
    assert (refused.status_code, "is not allowed" in refused.json()["error"]["message"]) == (409, True)


def test_viewers_and_other_teams_cannot_convert(case: Case, real: House, other_house: House) -> None:
    case.put("a.parquet", PLAIN)
    begun = case.begin("a.parquet").json()
    case.client = real.api("vera")
    assert case.begin("a.parquet").status_code == 403
    case.client = other_house.api("charlie")
    assert case.client.get(f"{API}{begun['id']}/").status_code == 404


def test_conversions_are_listed_newest_first_and_states_are_the_rows(case: Case) -> None:
    case.put("a.parquet", PLAIN)
    for _ in range(2):
        case.convert("a.parquet", replace=True)
    listed = case.client.get(API).json()["results"]
    assert [row["state"] for row in listed] == [ConversionState.COMPLETED] * 2
    assert listed[0]["created_at"] >= listed[1]["created_at"]


def test_no_process_has_pyarrow_before_it_converts_and_its_memory_is_counted_truly() -> None:
    program = (
        "import sys, django; django.setup(); import webapp.wsgi, webapp.urls, webapp.celery, jobs.tasks;"
        "print('pyarrow' in sys.modules);"
        "from jobs.lifecycle.converting import source; print(source.pa.default_memory_pool().backend_name)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "system"]
