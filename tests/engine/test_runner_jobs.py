"""Jobs from input to output, on a real engine and real model servers."""

from __future__ import annotations

import gzip
import json
import random
import re

import pytest

from tests.engine.resources import unique
from tests.engine.transforms import BUCKET, container, put, transform
from tests.support.engine import EngineProcess

DOCUMENTED_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: "


def test_every_object_gets_an_output_with_its_records_in_order(serving_engine: EngineProcess) -> None:
    inputs = {f"part-{n}.csv": b"".join(b"a%d,%d\n" % (n, row) for row in range(100)) for n in range(3)}
    job = transform(
        serving_engine,
        inputs,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=8,
        environment={"DELAY": "0.02"},
    ).completed()
    assert job.outputs == {f"{name}.out": body.upper() for name, body in inputs.items()}


def test_addresses_of_a_job_may_be_those_of_https(serving_engine: EngineProcess) -> None:
    definition = container(serving_engine)
    definition["ModelDataUrl"] = definition["ModelDataUrl"].replace(
        f"s3://{BUCKET}/", f"https://s3.us-east-1.amazonaws.com/{BUCKET}/"
    )
    name = unique("https")
    put(serving_engine, f"{name}/in/a.csv", b"a,1\n")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{name}/in/"}
    job = transform(
        serving_engine, {}, containers=[definition], TransformInput={"DataSource": {"S3DataSource": source}}
    ).completed()
    assert job.outputs == {"a.csv.out": b"A,1\n"}


def test_order_holds_when_later_answers_come_first(serving_engine: EngineProcess) -> None:
    rows = [b"%d" % number for number in range(400)]
    random.Random(1).shuffle(rows)
    job = transform(
        serving_engine,
        {"rows": b"\n".join(rows)},
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=32,
        environment={"DELAY": "0.1"},
        TransformOutput={"AssembleWith": "Line"},
    ).completed()
    assert job.outputs["rows.out"].splitlines() == rows


def test_as_many_requests_are_in_flight_as_asked_for_and_no_more(serving_engine: EngineProcess) -> None:
    job = transform(
        serving_engine,
        {f"o{n}": b"x\n" * 10 for n in range(9)},
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=3,
        environment={"TOGETHER": "3"},
    ).completed()
    assert max(int(number) for number in re.findall(r"(\d+) in flight", job.log)) == 3


def test_objects_are_dealt_to_all_instances(serving_engine: EngineProcess) -> None:
    inputs = {f"o{n}": b"%d\n" % n for n in range(5)}
    job = transform(serving_engine, inputs, instances=2).completed()
    streams = [name for name in job.streams if not name.endswith("/data-log")]
    assert len(streams) == 2
    assert all(re.fullmatch(rf"{job.name}/i-[0-9a-f]{{17}}-\d{{10}}", name) for name in streams)
    assert len(job.outputs) == 5


def test_no_more_instances_are_started_than_there_are_objects(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"only": b"1\n"}, instances=10).completed()
    assert len([name for name in job.streams if name.endswith("/data-log")]) == 1


def test_sub_folders_keep_their_names_and_markers_are_skipped(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"": b"", "a/b.csv": b"x\n", "a/": b"", "c_$folder$": b""}).completed()
    assert job.outputs == {"a/b.csv.out": b"X\n"}
    assert f"{BUCKET}/{job.name}/in/a/: skipped, an empty folder marker" in job.data_log


def test_an_empty_object_has_an_empty_output(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"empty.csv": b""}).completed()
    assert job.outputs == {"empty.csv.out": b""}


def test_a_manifest_names_the_objects(serving_engine: EngineProcess) -> None:
    folder = unique("listed")
    for name in ("a", "b", "c"):
        put(serving_engine, f"{folder}/{name}", name.encode())
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/{folder}/"}, "c", "a"]).encode()
    uri = put(serving_engine, f"{folder}.manifest", manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}
    job = transform(serving_engine, {}, TransformInput={"DataSource": source}).completed()
    assert job.outputs == {"a.out": b"A", "c.out": b"C"}


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (b"not json", "The manifest is not JSON"),
        (b"[]", "must be a JSON array that starts with"),
        (b'[{"prefix": "s3://x/"}]', "No S3 objects found"),
    ],
)
def test_a_manifest_that_is_none_fails_the_job(
    serving_engine: EngineProcess, manifest: bytes, why: str
) -> None:
    uri = put(serving_engine, f"{unique('bad')}.manifest", manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}
    assert why in transform(serving_engine, {}, TransformInput={"DataSource": source}).failed()


def test_an_object_that_a_manifest_names_in_vain_fails_alone(serving_engine: EngineProcess) -> None:
    folder = unique("listed")
    put(serving_engine, f"{folder}/there", b"x")
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/{folder}/"}, "gone", "there"]).encode()
    uri = put(serving_engine, f"{folder}.manifest", manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}
    job = transform(serving_engine, {}, TransformInput={"DataSource": source})
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"there.out": b"X"}
    assert f"{folder}/gone: ClientError: NoSuchKey" in job.data_log


def test_gzip_is_decompressed_before_it_is_split(serving_engine: EngineProcess) -> None:
    body = gzip.compress(b"a\nb\n") + gzip.compress(b"c\n")
    job = transform(
        serving_engine,
        {"x.gz": body},
        BatchStrategy="SingleRecord",
        TransformInput={"CompressionType": "Gzip"},
    ).completed()
    assert job.outputs == {"x.gz.out": b"A\nB\nC\n"}
    assert job.log.count("got 2 bytes") == 3


def test_gzip_that_is_cut_short_fails_its_object(serving_engine: EngineProcess) -> None:
    whole = gzip.compress(b"a\nb\n")
    job = transform(
        serving_engine,
        {"good.gz": whole, "short.gz": whole[:-9], "plain.gz": b"a\n"},
        TransformInput={"CompressionType": "Gzip"},
    )
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"good.gz.out": b"A\nB\n"}
    assert "short.gz: ClientError: not valid Gzip" in job.data_log


def test_a_record_over_the_limit_fails_its_object_and_no_other(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"big": b"x" * 1024 * 1024 + b"x\n", "small": b"x\n"}, MaxPayloadInMB=1)
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"small.out": b"X\n"}
    assert "/big: ClientError: A record is larger than MaxPayloadInMB allows (1048576 bytes)" in job.data_log


def test_an_object_that_is_not_split_goes_out_whole_and_with_no_limit_in_chunks(
    serving_engine: EngineProcess,
) -> None:
    body = b"0123456789abcde\n" * (9 * 1024 * 1024 // 16)
    job = transform(
        serving_engine, {"big": body, "empty": b""}, MaxPayloadInMB=0, TransformInput={"SplitType": "None"}
    ).completed()
    assert job.outputs == {"big.out": body.upper(), "empty.out": b""}
    assert f"got {len(body)} bytes" in job.log


def test_what_the_container_offers_holds_where_the_request_says_nothing(
    serving_engine: EngineProcess,
) -> None:
    offer = {"MaxConcurrentTransforms": 4, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 3}
    job = transform(
        serving_engine,
        {"rows": b"a\nb\n"},
        environment={"EXECUTION_PARAMETERS": json.dumps(offer)},
        MaxPayloadInMB=2,
    ).completed()
    assert re.fullmatch(
        DOCUMENTED_STAMP + "MaxConcurrentTransforms=4, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD",
        job.data_log,
    )


def test_a_container_is_told_what_sagemaker_tells_it_and_nothing_of_the_engine(
    serving_engine: EngineProcess,
) -> None:
    job = transform(
        serving_engine,
        {"x": b"x"},
        containers=[container(serving_engine, SHOW_ENVIRONMENT="1", WHO="model", WHAT="model")],
        environment={"WHO": "job"},
        BatchStrategy="MultiRecord",
        MaxPayloadInMB=5,
    ).completed()
    variables = json.loads(job.outputs["x.out"])
    assert variables["SAGEMAKER_BATCH"] == "true"
    assert variables["SAGEMAKER_BATCH_STRATEGY"] == "MULTI_RECORD"
    assert variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "5"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in variables
    assert (variables["WHO"], variables["WHAT"]) == ("job", "model")
    assert "ENGINE_EXTRA_RUNTIMES" not in variables


def test_requests_carry_the_content_type_and_accept(serving_engine: EngineProcess) -> None:
    job = transform(
        serving_engine,
        {"x": b"x"},
        environment={"SHOW": "1"},
        TransformInput={"ContentType": "text/csv"},
        TransformOutput={"Accept": "application/jsonlines"},
    ).completed()
    request_headers = json.loads(job.outputs["x.out"])
    assert request_headers["Content-Type"] == "text/csv"
    assert request_headers["Accept"] == "application/jsonlines"


def test_a_pipeline_hands_each_answer_and_its_type_on(serving_engine: EngineProcess) -> None:
    chain = [
        container(serving_engine, SUFFIX="1", ANSWER_TYPE="text/from-first"),
        container(serving_engine, SUFFIX="2"),
    ]
    job = transform(serving_engine, {"x": b"x"}, containers=chain).completed()
    assert job.outputs == {"x.out": b"X12"}
    names = [name.rpartition("/")[2] for name in job.streams]
    assert sorted(names) == ["container-1", "container-2", "data-log"]

    chain[1]["Environment"]["SHOW"] = "1"
    job_with_headers = transform(
        serving_engine,
        {"x": b"x"},
        containers=chain,
        TransformInput={"ContentType": "text/csv"},
        TransformOutput={"Accept": "text/last"},
    ).completed()
    request_headers = json.loads(job_with_headers.outputs["x.out"])
    assert (request_headers["Content-Type"], request_headers["Accept"]) == ("text/from-first", "text/last")


def test_times_are_in_order(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"x": b"x"}).completed().describe()
    assert job["CreationTime"] <= job["TransformStartTime"] < job["TransformEndTime"]
