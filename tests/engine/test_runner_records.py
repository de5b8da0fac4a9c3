"""Records on their way in and out of real jobs: filters, joins, RecordIO, TFRecord, Gzip, data capture."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import struct
import uuid
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from tests.engine.resources import refused
from tests.engine.transforms import BUCKET, MODEL_SERVERS, Transform, container, put, transform
from tests.support.engine import EngineProcess
from tests.support.framing import recordio_bytes, tfrecord_bytes

CSV = {"ContentType": "text/csv"}
MAGIC = struct.pack("<I", 0xCED7230A)


def processed(
    engine: EngineProcess, inputs: dict[str, bytes], kind: str, processing: dict[str, str], **request: Any
) -> Transform:
    """A job over lines of `kind`, answered in the same; the model answers in capitals."""
    return transform(
        engine,
        inputs,
        TransformInput={"ContentType": kind, **request.pop("TransformInput", {})},
        TransformOutput={"Accept": kind, "AssembleWith": "Line", **request.pop("TransformOutput", {})},
        DataProcessing=processing,
        **request,
    )


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_csv_is_filtered_then_joined_raw_then_filtered(serving_engine: EngineProcess, strategy: str) -> None:
    rows = b"".join(b'"id, %d",a%d,b\n' % (n, n) for n in range(50))
    job = processed(
        serving_engine,
        {"rows.csv": rows},
        "text/csv",
        {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-2,-1]"},
        BatchStrategy=strategy,
        MaxConcurrentTransforms=4,
    ).completed()
    expected = b"".join(b'"id, %d",A%d,B\n' % (n, n) for n in range(50))
    assert job.outputs == {"rows.csv.out": expected}
    assert "id" not in job.log


def test_payloads_of_many_rows_are_joined_each_with_its_own_answer(serving_engine: EngineProcess) -> None:
    rows = [b"id%d,%d,%s" % (n, n, b"x" * (n % 90)) for n in range(60_000)]
    job = processed(
        serving_engine,
        {"rows.csv": b"\n".join(rows)},
        "text/csv",
        {"InputFilter": "$[1]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
        MaxPayloadInMB=1,
        MaxConcurrentTransforms=3,
        environment={"DELAY": "0.05"},
    ).completed()
    assert job.outputs["rows.csv.out"].split(b"\n")[:-1] == [b"id%d,%d" % (n, n) for n in range(60_000)]


def test_json_lines_are_joined_as_objects(serving_engine: EngineProcess) -> None:
    lines = b"".join(b'{"id": %d, "x": {"v": [%d, 1.50]}}\n' % (n, n) for n in range(20))
    job = processed(
        serving_engine,
        {"a.jsonl": lines},
        "application/jsonlines",
        {"InputFilter": "$.x.v", "JoinSource": "Input"},
        MaxConcurrentTransforms=2,
    ).completed()
    joined_records = [json.loads(line) for line in job.outputs["a.jsonl.out"].splitlines()]
    assert joined_records == [{"id": n, "x": {"v": [n, 1.5]}, "SageMakerOutput": [n, 1.5]} for n in range(20)]


def test_an_object_that_is_not_split_is_joined_as_one_document(serving_engine: EngineProcess) -> None:
    whole = {"SplitType": "None"}
    for limit in (0, 6):
        job = processed(
            serving_engine,
            {"doc.json": b'{\n "ID": 1, "X": [2]\n}'},
            "application/json",
            {"InputFilter": "$.X", "JoinSource": "Input", "OutputFilter": "$['ID','SageMakerOutput']"},
            MaxPayloadInMB=limit,
            TransformInput=whole,
            TransformOutput={"AssembleWith": "None"},
        ).completed()
        assert job.outputs == {"doc.json.out": b'{"ID":1,"SageMakerOutput":[2]}'}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"only\n", r"Row 1 of the request: \$\[1:\] finds nothing: the array has 1 elements"),
        (b'a,b"c\n', r'Failed to parse input as CSV: bare " in non quoted field found near: "c'),
    ],
)
def test_a_record_that_cannot_be_processed_fails_its_object_alone(
    serving_engine: EngineProcess, bad: bytes, says: str
) -> None:
    inputs = {"1": b"a,b\n", "2": b"c,d\n" + bad, "3": b"e,f\n"}
    job = processed(
        serving_engine, inputs, "text/csv", {"InputFilter": "$[1:]"}, BatchStrategy="SingleRecord"
    )
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"1.out": b"B\n", "3.out": b"F\n"}
    assert re.search(rf"\[sagemaker logs\]: {BUCKET}/{job.name}/in/2: {says}", job.data_log)


def test_answers_that_are_not_as_many_as_the_records_fail_the_object(serving_engine: EngineProcess) -> None:
    job = processed(
        serving_engine,
        {"x": b"a,b\nc,d\n"},
        "text/csv",
        {"JoinSource": "Input"},
        containers=[{**container(serving_engine), "Image": "telling"}],
    )
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert "Failed to join: the request has 2 records, the algorithm's output 1" in job.data_log
    assert not job.outputs


def test_a_filter_the_service_refuses_is_refused_when_the_job_is_created(
    serving_engine: EngineProcess,
) -> None:
    says = (
        'DataProcessing.OutputFilter: Invalid OutputFilter: "$[\'account_id\']". Unexpected "_" in JsonPath.'
    )
    with refused("ValidationException", says):
        processed(serving_engine, {"x": b"x"}, "application/jsonlines", {"OutputFilter": "$['account_id']"})


def answer_line(record: bytes) -> bytes:
    return f"{len(record)} {hashlib.sha256(record).hexdigest()}\n".encode()


def framed_records() -> list[bytes]:
    drawn = random.Random(7)
    return [drawn.randbytes(drawn.randrange(1, 3000)) + MAGIC * (n % 3) + b"end" for n in range(40)]


@pytest.mark.parametrize(("split", "write"), [("TFRecord", tfrecord_bytes), ("RecordIO", recordio_bytes)])
def test_a_framed_record_that_goes_alone_goes_bare(
    serving_engine: EngineProcess, split: str, write: Any
) -> None:
    records = framed_records()
    job = transform(
        serving_engine,
        {"a": write(records), "b": write(records[:2])},
        containers=[{**container(serving_engine), "Image": "telling"}],
        TransformInput={"SplitType": split},
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=4,
    ).completed()
    assert job.outputs == {
        "a.out": b"".join(map(answer_line, records)),
        "b.out": b"".join(map(answer_line, records[:2])),
    }


def test_recordio_records_go_together_with_their_headers(serving_engine: EngineProcess) -> None:
    body = recordio_bytes(framed_records())
    job = transform(
        serving_engine,
        {"a": body},
        containers=[{**container(serving_engine), "Image": "telling"}],
        TransformInput={"SplitType": "RecordIO"},
    ).completed()
    assert job.outputs == {"a.out": answer_line(body)}


def test_a_model_reads_the_tfrecords_of_a_request_one_by_one(serving_engine: EngineProcess) -> None:
    records = [bytes([n]) * 300_000 for n in range(10)]
    job = transform(
        serving_engine,
        {"a.gz": gzip.compress(tfrecord_bytes(records[:6])) + gzip.compress(tfrecord_bytes(records[6:]))},
        containers=[{**container(serving_engine), "Image": "telling"}],
        TransformInput={"SplitType": "TFRecord", "CompressionType": "Gzip"},
        MaxPayloadInMB=1,
        environment={"FRAMING": "TFRecord"},
    ).completed()
    assert job.outputs == {"a.gz.out": b"".join(map(answer_line, records))}


def test_a_damaged_object_fails_alone_and_its_log_names_the_byte(serving_engine: EngineProcess) -> None:
    whole = tfrecord_bytes([b"a", b"b"])
    job = transform(
        serving_engine,
        {"good": whole, "short": whole[:-1]},
        containers=[{**container(serving_engine), "Image": "telling"}],
        TransformInput={"SplitType": "TFRecord"},
    )
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"good.out": answer_line(whole)}
    assert (
        "/short: ClientError: The TFRecord record at byte 17 is not whole: it ends at byte 33" in job.data_log
    )


def test_gzipped_csv_is_filtered_and_joined_as_plain_csv_is(serving_engine: EngineProcess) -> None:
    job = processed(
        serving_engine,
        {"x.csv.gz": gzip.compress(b"1,a\n2,") + gzip.compress(b"b\n")},
        "text/csv",
        {"InputFilter": "$[1]", "JoinSource": "Input"},
        TransformInput={"CompressionType": "Gzip"},
    ).completed()
    assert job.outputs == {"x.csv.gz.out": b"1,a,A\n2,b,B\n"}


def test_records_over_6_mb_pass_where_there_is_no_limit(serving_engine: EngineProcess) -> None:
    body = b"x" * (7 * 1024 * 1024) + b"\ny\n"
    job = transform(serving_engine, {"big": body}, MaxPayloadInMB=0).completed()
    assert job.outputs == {"big.out": body.upper()}


def manifests(engine: EngineProcess, prefix: str) -> dict[str, Any]:
    """The captured manifests, by the names under that prefix."""
    s3 = engine.client("s3")
    listing = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    bodies = {item["Key"]: s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listing}
    return {key.removeprefix(prefix): json.loads(body) for key, body in bodies.items()}


def test_data_capture_lists_what_was_read_and_written(serving_engine: EngineProcess) -> None:
    put(serving_engine, "unused", b"")
    job = transform(
        serving_engine,
        {"a.csv": b"1\n", "sub/b.csv": b"2\n", "c.csv": b"bad\n"},
        DataCaptureConfig={"DestinationS3Uri": f"s3://{BUCKET}/captured-1"},
    )
    assert job.failed() == "ClientError: See job logs for more information"
    hour = job.describe()["TransformStartTime"].astimezone(UTC).strftime("%Y/%m/%d/%H")
    assert manifests(serving_engine, "captured-1/") == {
        f"input/{hour}/{job.name}.json": [
            {"prefix": f"s3://{BUCKET}/{job.name}/in/"},
            "a.csv",
            "sub/b.csv",
        ],
        f"output/{hour}/{job.name}.json": [
            {"prefix": f"s3://{BUCKET}/{job.name}/out/"},
            "a.csv.out",
            "sub/b.csv.out",
        ],
    }


def test_every_record_gets_an_inference_id_of_its_own_and_the_jobs_start(
    serving_engine: EngineProcess,
) -> None:
    job = processed(
        serving_engine,
        {"a": b"1,x\n2,y\n"},
        "text/csv",
        {"JoinSource": "Input", "OutputFilter": "$[0,-1]"},
        DataCaptureConfig={"DestinationS3Uri": f"s3://{BUCKET}/captured-2/", "GenerateInferenceId": True},
    ).completed()
    rows = [line.split(",") for line in job.outputs["a.out"].decode().splitlines()]
    start = job.describe()["TransformStartTime"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [(row[0], row[1], row[3]) for row in rows] == [("1", "X", start), ("2", "Y", start)]
    assert len({uuid.UUID(row[2]) for row in rows}) == 2


def test_a_capture_bucket_that_is_not_there_fails_the_job_before_it_starts(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"x": b"x"}, DataCaptureConfig={"DestinationS3Uri": "s3://nowhere/x"})
    assert job.failed() == "ClientError: The data capture bucket nowhere does not exist; create it first"
    assert not job.outputs


def test_where_aws_does_not_say_the_engine_does_what_it_is_set_to(tmp_path: Path) -> None:
    engine = EngineProcess(
        tmp_path,
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
        ENGINE_RANGE_END_INCLUDED="yes",
        ENGINE_DOUBLE_NEWLINES="yes",
        ENGINE_NEWLINE_SENT="no",
        ENGINE_REFUSALS_RETRIED="yes",
    ).start()
    try:
        ranged = processed(
            engine, {"x": b"a,b,c\n"}, "text/csv", {"InputFilter": "$[0:1]"}, MaxConcurrentTransforms=1
        )
        single = processed(engine, {"x": b"ab\n"}, "text/csv", {}, BatchStrategy="SingleRecord")
        refused_ = transform(engine, {"x": b"bad"}, ModelClientConfig={"InvocationsMaxRetries": 2})
        assert ranged.completed().outputs == {"x.out": b"A,B\n\n"}
        assert single.completed().outputs == {"x.out": b"AB\n"}
        assert "got 2 bytes" in single.log
        assert refused_.failed() == "ClientError: See job logs for more information"
        assert refused_.log.count("got 3 bytes") == 3
    finally:
        engine.stop()
