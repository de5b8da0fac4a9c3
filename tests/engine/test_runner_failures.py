"""What goes wrong in a job, and what the user then reads: the FailureReason and the data log."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest

from tests.engine.transforms import BUCKET, archive, container, put, transform
from tests.support.engine import EngineProcess
from tests.support.framing import recordio_bytes
from transform.tracebacks import last_words

SINGLE = {"BatchStrategy": "SingleRecord"}
GZIP = {"TransformInput": {"CompressionType": "Gzip"}}
RECORDIO = {"TransformInput": {"SplitType": "RecordIO"}}
CSV = {"TransformInput": {"ContentType": "text/csv"}, "TransformOutput": {"Accept": "text/csv"}}
FRAMES = [
    "Traceback (most recent call last):",
    '  File "/opt/ml/model/code/inference.py", line 2, in model_fn',
    "    raise RuntimeError('licence expired')",
]
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}:\[sagemaker logs\]: "


def test_a_refused_object_fails_the_job_and_the_others_get_their_outputs(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"1": b"a\n", "2": b"b\nbad\n", "3": b"c\n"})
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"1.out": b"A\n", "3.out": b"C\n"}
    name = re.escape(f"transforms/{job.name}/in/2")
    parameters, *lines = job.data_log.splitlines()
    assert re.fullmatch(
        STAMP + "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD", parameters
    )
    texts = ["ClientError: 400", r"\[engine\] records 1-2, lines 1-2", "", "Message:", "what is", r"that\?"]
    for line, text in zip(lines, texts, strict=True):
        assert re.fullmatch(f"{STAMP}{name}: {text}", line)


def test_a_server_error_is_tried_again(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"x": b"fail twice"}).completed()
    assert job.log.count("got 10 bytes") == 3


def test_a_server_error_that_stays_fails_the_job_after_the_retries_asked_for(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"x": b"broken"}, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert job.log.count("got 6 bytes") == 2
    assert "/x: Bad HTTP status received from algorithm: 500" in job.data_log


def test_a_refusal_is_not_tried_again(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"x": b"bad"})
    job.failed()
    assert job.log.count("got 3 bytes") == 1


def test_an_answer_that_is_too_late_fails_its_object(serving_engine: EngineProcess) -> None:
    job = transform(
        serving_engine,
        {"slow": b"sleep", "x": b"x"},
        ModelClientConfig={"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0},
    )
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert "/slow: Model server did not respond to /invocations request within 1 seconds" in job.data_log
    assert job.outputs == {"x.out": b"X"}


def test_a_server_that_ends_is_started_again_and_the_record_tried_again(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"1": b"a", "2": b"end once", "3": b"c"}).completed()
    assert job.outputs == {"1.out": b"A", "2.out": b"END ONCE", "3.out": b"C"}


def test_a_server_that_keeps_ending_fails_the_job_with_its_exit_status(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"1": b"a", "2": b"end"}, MaxConcurrentTransforms=2)
    assert job.failed() == (
        "AlgorithmError: The model container ended while it served (exit status 3), and again after a "
        "restart: got 3 bytes, 1 in flight: b'end'"
    )


def test_a_server_that_cannot_start_fails_the_job_with_its_exit_status(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"x": b"x"}, environment={"END_AT_START": "1"})
    assert job.failed() == (
        "AlgorithmError: The model container ended before it was ready (exit status 1): no model to be found"
    )
    assert "no model to be found" in job.log


@pytest.mark.parametrize(
    ("body", "request_", "place"),
    [
        (b"a\n\nb\r\nbad\nc\n", SINGLE, "record 3, line 4"),
        (gzip.compress(b"a\nb\n") + gzip.compress(b"bad\n"), {**SINGLE, **GZIP}, "record 3, line 3"),
        (b"a\n\nbad\nc", {}, "records 1-3, lines 1-4"),
        (b"x" * 600_000 + b"\n\n" + b"y" * 600_000 + b"\nbad\n", {"MaxPayloadInMB": 1}, "records 2-3, lines 3-4"),
        (b"a\n\n" + b"x" * 1_100_000 + b"\n", {"MaxPayloadInMB": 1}, "record 2, line 3"),
        (recordio_bytes([b"a", b"", b"bad"]), {**SINGLE, **RECORDIO}, "record 2"),
        (recordio_bytes([b"a", b"b"])[:-4], RECORDIO, "record 2"),
        (b"1,2\n\n3,4\n5\n6,7\n", {**CSV, "DataProcessing": {"InputFilter": "$[1]"}}, "record 3, line 4"),
        (b"1,2\n\"3,4\n", {**CSV, "DataProcessing": {"InputFilter": "$[1]"}}, "record 2, line 2"),
    ],
    ids=["one line", "gzip", "a batch", "the second batch", "a line too large", "one frame", "a damaged frame",
         "a filter", "a quote"],
)  # fmt: skip
def test_the_data_log_names_the_records_of_the_failed_request(
    serving_engine: EngineProcess, body: bytes, request_: dict[str, Any], place: str
) -> None:
    job = transform(serving_engine, {"x": body}, **request_)
    job.failed()
    assert [line.partition(": [engine] ")[2] for line in job.data_log.splitlines() if "[engine]" in line] == [
        place
    ]


def test_an_object_that_is_sent_whole_has_no_records_to_name(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"x": b"bad"}, TransformInput={"SplitType": "None"})
    job.failed()
    assert "/x: ClientError: 400" in job.data_log
    assert "[engine]" not in job.data_log


def test_the_record_that_ends_the_container_is_named(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"1": b"a\n", "2": b"b\nend\n"}, **SINGLE)
    job.failed()
    name = f"{BUCKET}/{job.name}/in/2: "
    lines = [line.partition(name)[2] for line in job.lines(data_log=True) if name in line]
    assert lines == ["Unable to get response from algorithm", "[engine] record 2, line 2"]


def test_a_container_that_ends_silently_is_said_to_have_printed_nothing(
    serving_engine: EngineProcess,
) -> None:
    job = transform(serving_engine, {"x": b"x"}, environment={"END_AT_START": "silently"})
    assert job.failed().endswith("(exit status 1). It printed nothing")


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (["loading", *FRAMES, "RuntimeError: licence expired", ""], "RuntimeError: licence expired"),
        ([*FRAMES, "ValueError: two", "lines", "resource_tracker: leaked"], "ValueError: two"),
        ([*FRAMES, "OSError: logged long ago", *["trying"] * 20, "no licence"], "no licence"),
        (["", "   no model "], "no model"),
        ([], ""),
    ],
)
def test_the_last_words_of_a_program_are_its_last_exception_or_line(printed: list[str], words: str) -> None:
    assert last_words(printed) == words


def test_an_image_without_a_runtime_fails_the_job_and_says_what_there_is(
    serving_engine: EngineProcess,
) -> None:
    strange = {**container(serving_engine), "Image": "example.com/nobody/knows:1"}
    reason = transform(serving_engine, {"x": b"x"}, containers=[strange]).failed()
    assert "no runtime for image example.com/nobody/knows:1" in reason
    assert "sagemaker-xgboost" in reason
    assert "sagemaker-scikit-learn" in reason


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (b"PK\x03\x04 a zip", "must be a complete .tar.gz"),
        (archive({"model": b"x" * 100_000})[:-20], "must be a complete .tar.gz"),
        (archive({"../../escaped": b"x"}), "'../../escaped' leads outside of the model's folder"),
    ],
    ids=["a zip", "cut short", "leads outside"],
)
def test_a_bad_model_archive_fails_the_job_and_says_why(
    serving_engine: EngineProcess, model: bytes, why: str
) -> None:
    job = transform(serving_engine, {"x": b"x"}, containers=[container(serving_engine, model)])
    reason = job.failed()
    assert reason.startswith("ClientError: The model archive")
    assert why in reason
    assert not [*serving_engine.data_dir.rglob("escaped")]


def test_model_data_that_was_deleted_fails_the_job(serving_engine: EngineProcess) -> None:
    definition = container(serving_engine)
    first = transform(serving_engine, {"x": b"x"}, containers=[definition]).completed()
    bucket, _, key = definition["ModelDataUrl"].removeprefix("s3://").partition("/")
    serving_engine.client("s3").delete_object(Bucket=bucket, Key=key)
    name = f"{first.name}-again"
    serving_engine.client("sagemaker").create_transform_job(
        TransformJobName=name,
        ModelName=first.name,
        **{
            field: first.describe()[field]
            for field in ("TransformInput", "TransformOutput", "TransformResources")
        },
    )
    reason = type(first)(serving_engine, name).failed()
    assert f"There is no model data at {definition['ModelDataUrl']}" in reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "s3://transforms/never/sourcedir.tar.gz",
            "There is no script archive (SAGEMAKER_SUBMIT_DIRECTORY) at s3:",
        ),
        ("s3://", "The script archive (SAGEMAKER_SUBMIT_DIRECTORY): 's3://' is not an S3 URI"),
    ],
)
def test_a_script_that_is_not_there_fails_the_job(
    serving_engine: EngineProcess, url: str, reason: str
) -> None:
    definition = container(serving_engine, SAGEMAKER_SUBMIT_DIRECTORY=url)
    assert reason in transform(serving_engine, {"x": b"x"}, containers=[definition]).failed()


def test_an_output_bucket_that_is_not_there_fails_the_job(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, {"x": b"x"}, TransformOutput={"S3OutputPath": "s3://nowhere/out"})
    assert job.failed() == "ClientError: The output bucket nowhere does not exist; create it first"


@pytest.mark.parametrize(
    ("prefix", "further"), [("twice/part", "twice/part/part"), ("twice-slash/", "twice-slash//part")]
)
def test_two_inputs_for_one_output_fail_the_job(
    serving_engine: EngineProcess, prefix: str, further: str
) -> None:
    put(serving_engine, f"{prefix.removesuffix('/part')}/part".replace("//", "/"), b"x")
    put(serving_engine, further, b"x")
    uri = f"s3://{BUCKET}/{prefix}"
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    reason = transform(serving_engine, {}, TransformInput={"DataSource": source}).failed()
    assert "2 input objects would have the same output" in reason
