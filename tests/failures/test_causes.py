"""Each rule about failures against texts that SageMaker, its containers and the engine are known to have written."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest

from failures import CAUSES, UNKNOWN, Cause, Facts, LogSource, LogText, columns, explain
from failures.changes import Change
from failures.engine_advice import ENGINE_ADVICE
from failures.instances import FAMILIES, larger
from transform.record_places import RecordPlace

CSV = {"content_type": "text/csv", "split_type": "Line"}
JOBLOG = "ClientError: See job logs for more information"

#: What was said, and the cause that it tells. Reasons are FailureReason or the answer to CreateTransformJob; the
#: others are lines of a data log without their stamp, or of a container's log.
REASONS = [
    ("CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
     "type.", "no-capacity"),
    ("InternalServerError: We encountered an internal error.  Please try again.", "internal-error"),
    ("AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
     "responds with an HTTP 200 status code", "ping-failed"),
    ("The account-level service limit 'ml.m4.xlarge for transform job usage' is 0 Instances, with current "
     "utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an "
     "increase for this quota.", "quota"),
    ('Could not find model "arn:aws:sagemaker:us-west-2:123456789012:model/x".', "model-gone"),
    ('No S3 objects found under S3 URL "s3://b/test/" given in input data source. Please ensure that the bucket '
     "exists in the selected region (us-west-2), that objects exist under that S3 prefix, and that the role "
     '"arn:aws:iam::123456789012:role/r" has "s3:ListBucket" permissions on bucket "b".', "no-input"),
    ("Could not assume role arn:aws:iam::123456789012:role/r. Please ensure that the role exists and allows "
     "principal 'sagemaker.amazonaws.com' to assume the role.", "role-not-assumed"),
    ("SageMaker Batch currently doesn't support Model entity with container definitions which use ModelDataSource "
     "attribute", "model-not-for-batch"),
    ("Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath. Supported operators "
     "for \"application/jsonlines\" are ['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']", "bad-filter"),
    ('Failed to download model data for container "container_1" from URL: "s3://b/model.tar.gz". Please ensure that '
     "there is an object located at the URL and that the role passed to CreateModel has permissions to download the "
     "object.", "model-data-missing"),
    ("Could not access model data at s3://b/model/. Please ensure that the role exists.", "model-data-missing"),
    ("User: arn:aws:sts::123456789012:assumed-role/r/x is not authorized to perform: sagemaker:CreateTransformJob on "
     "resource: x", "access-denied"),
    ("User: x is not authorized to perform: kms:CreateGrant on resource: y", "kms-denied"),
    ('The name "x" is taken by another transform job in this account and region.', "name-taken"),
    ("InternalServerError: No space left on device", "disk-full"),
    ("prod no longer knows this job, so how it ended cannot be told.", "job-unknown"),
    ("ClientError: 2 input objects would have the same output, x.out. End the S3Uri in a slash.", "outputs-collide"),
    ('ClientError: The manifest must be a JSON array that starts with {"prefix": "s3://bucket/prefix"}',
     "bad-manifest"),
    ("ClientError: DataProcessing: Accept must be one of text/csv, application/json, application/jsonlines",
     "join-needs-type"),
    ("ClientError: The embedded engine does not support AdditionalModelDataSources. Leave it out.",
     "engine-lacks-it"),
    ("AlgorithmError: The model container ended while it served (signal 9), and again after a restart. Its log says "
     "why", "out-of-memory"),
    ("AlgorithmError: The model container ended before it was ready (exit status 1). Its log says why",
     "container-ended"),
    ("An error occurred (ValidationException) when calling the CreateTransformJob operation: 1 validation error "
     "detected: Value 'ml.nonsense.huge' at 'transformResources.instanceType' failed to satisfy constraint",
     "request-invalid"),
]  # fmt: skip
DATA_LOG = [
    ("b/k.csv: ClientError: 413", "request-refused-as-too-large"),
    ("b/k.csv: Model server did not respond to /invocations request within 1200 seconds", "invocation-timeout"),
    ("b/k.csv: Unable to get response from algorithm", "no-answer"),
    ("b/k.csv: Bad HTTP status received from algorithm: 500", "model-error"),
    ("b/k.csv: ClientError: 400", "record-refused"),
    ("b/k.csv: Extra data: line 2 column 1 (char 107)", "one-record-handler"),
    ("b/k.csv: Unable to parse data as csv", "csv-unreadable"),
    ("b/k.csv: could not convert string to float: '\\ufeff1'", "byte-order-mark"),
    ("b/k.json: Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)", "byte-order-mark"),
    ("b/k.csv: Loading csv data failed with Exception, please ensure data is in csv format:", "csv-unreadable"),
    ("b/k.csv: could not convert string to float: 'age'", "csv-unreadable"),
    ("b/k.csv: Unable to evaluate payload provided: Feature size of recordio-protobuf inference data 31 is not "
     "consistent with feature size of trained model 30.", "wrong-columns"),
    ("b/k.csv: X has 31 features, but StandardScaler is expecting 30 features as input.", "wrong-columns"),
    ("b/k.csv: Content-type application/x-image not supported.", "content-type-refused"),
    ('b/k.jpg: {"error":"Error: 415, ..."}', "content-type-refused"),
    ("b/k.csv: Accept type image/png is not supported. Please use one of text/csv.", "accept-refused"),
    ("b/k.csv: ClientError: A record is larger than MaxPayloadInMB allows (6291456 bytes)", "payload-too-large"),
    ("b/k.csv: Failed to join: the request has 3 records, the algorithm's output 1", "join-counts-differ"),
    ("b/k.csv: Row 2 of the request: $[9] finds nothing: there is no [9]", "filter-finds-nothing"),
    ("b/k.csv: ClientError: not valid Gzip: Error -3", "not-gzip"),
    ("b/k.csv.gz: 'utf-8' codec can't decode byte 0x8b in position 1: invalid start byte", "gzip-not-unpacked"),
    ("b/k.csv: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", "not-text"),
    ("b/k: ClientError: The TFRecord record at byte 0 is not whole: it ends", "record-damaged"),
    ("b/k.json: Expecting value: line 1 column 1 (char 0)", "json-unreadable"),
    ("b/k.csv: ClientError: NoSuchKey: The specified key does not exist.", "input-vanished"),
    ("b/k.csv: ClientError: NoSuchBucket: The specified bucket does not exist", "bucket-missing"),
    ("b/k.csv: TypeError: output_fn must return text or bytes, not NoneType", "script-returns-no-answer"),
    ("b/k.csv: Unable to get response from algorithm: the answer has more than 10 bytes", "answer-too-large"),
]  # fmt: skip
CONTAINER = [
    ('details = "Received message larger than max (170662612 vs. 4194304)"', "request-refused-as-too-large"),
    ("io.netty.handler.codec.CorruptedFrameException: Message size exceed limit: 6572143", "answer-too-large"),
    ("[2019-03-17 08:40:01 +0000] [11] [CRITICAL] WORKER TIMEOUT (pid:27)", "worker-timeout"),
    ("2021/07/06 10:00:00 [error] 22#22: *5 upstream timed out (110: Connection timed out)", "worker-timeout"),
    ("RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB", "out-of-memory"),
    ("ModuleNotFoundError: No module named 'transformers'", "module-missing"),
    ("code/requirements.txt could not be installed: No solution found", "requirements-not-installed"),
    ("code/requirements.txt has the line '-e .', which is refused", "requirements-not-installed"),
    ("OSError: [Errno 28] No space left on device", "disk-full"),
    ("NotImplementedError: Please provide a model_fn implementation.", "model-not-loaded"),
    ("CannotPullContainerError: pull image manifest has been retried", "image-cannot-run"),
    ("ClientError: The Docker daemon does not have image ranker:1 and cannot pull it: connection refused. Correct the "
     "name of the image.", "image-cannot-run"),
    ("ClientError: A container of image ranker:1 cannot be started: exec: serve: executable file not found in $PATH.",
     "image-cannot-run"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), REASONS)
def test_a_reason_tells_its_cause(text: str, cause: str) -> None:
    failure = explain([LogText(LogSource.REASON, text)], Facts())
    assert (failure.cause.slug, failure.quoted) == (cause, text)


@pytest.mark.parametrize(("text", "cause"), DATA_LOG)
def test_a_line_of_the_data_log_tells_its_cause(text: str, cause: str) -> None:
    failure = explain([LogText(LogSource.REASON, JOBLOG), LogText(LogSource.DATA_LOG, text)], Facts())
    assert (failure.cause.slug, failure.quoted, failure.source) == (cause, text, LogSource.DATA_LOG)


@pytest.mark.parametrize(("text", "cause"), CONTAINER)
def test_a_line_of_the_containers_log_tells_its_cause_where_the_data_log_only_says_what_was_seen(
    text: str, cause: str
) -> None:
    answer_missing = LogText(LogSource.DATA_LOG, "b/k.csv: Unable to get response from algorithm")
    failure = explain(
        [LogText(LogSource.REASON, JOBLOG), answer_missing, LogText(LogSource.CONTAINER, text)], Facts()
    )
    assert (failure.cause.slug, failure.quoted, failure.source) == (cause, text, LogSource.CONTAINER)


def test_a_bare_status_is_quoted_with_the_models_answer_and_a_type_that_it_names_is_tried() -> None:
    answer = "Content type application/json is not supported here. Please use text/csv or text/libsvm."
    log_lines = ["ClientError: 415", "", "Message:", answer]
    lines = [LogText(LogSource.DATA_LOG, f"b/k.csv: {text}") for text in log_lines]
    failure = explain(
        [LogText(LogSource.REASON, JOBLOG), *lines], Facts({"content_type": "application/json"})
    )
    assert failure.quoted == f"b/k.csv: ClientError: 415\n{answer}"
    assert failure.change == Change("content_type", "text/csv", "The message names this type.")


FRAMES = [
    "Traceback (most recent call last):",
    '  File "/srv/serve.py", line 78, in invoke',
    "    answer = handlers.run(body)",
    '  File "/opt/ml/model/code/inference.py", line 2, in model_fn',
    "    raise RuntimeError('licence expired')",
]


def data_log(*texts: str) -> list[LogText]:
    """The data log of an object, after the job's reason."""
    lines = [LogText(LogSource.DATA_LOG, f"b/k.csv: {text}") for text in texts]
    return [LogText(LogSource.REASON, JOBLOG), *lines]


def test_a_models_traceback_is_quoted_with_its_exception_and_no_frames() -> None:
    status = "Bad HTTP status received from algorithm: 500"
    lines = data_log(
        status, "", "Message:", *FRAMES, "KeyError: 'a'", "", "During handling of the above exception, another "
        "exception occurred:", "", *FRAMES, "RuntimeError: licence expired", "renew it",
    )  # fmt: skip
    explanation = explain(lines, Facts())
    assert explanation.cause.slug == "model-error"
    assert explanation.quoted == f"b/k.csv: {status}\nRuntimeError: licence expired\nrenew it"


@pytest.mark.parametrize(
    "reason",
    [
        "AlgorithmError: The model container ended before it was ready (exit status 1): no licence",
        "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented",
    ],
)
def test_a_container_that_does_not_start_is_quoted_with_its_exception(reason: str) -> None:
    log = ["loading", *FRAMES, "RuntimeError: licence expired", ""]
    lines = [LogText(LogSource.REASON, reason), *(LogText(LogSource.CONTAINER, text) for text in log)]
    explanation = explain(lines, Facts())
    assert (explanation.quoted, explanation.source) == ("RuntimeError: licence expired", LogSource.CONTAINER)


def test_the_last_line_of_a_container_that_ended_without_a_traceback_is_quoted() -> None:
    reason = "AlgorithmError: The model container ended before it was ready (exit status 1). Its log says why"
    log = ["loading", "The script must define model_fn(model_dir), which returns the loaded model", ""]
    lines = [LogText(LogSource.REASON, reason), *(LogText(LogSource.CONTAINER, text) for text in log)]
    explanation = explain(lines, Facts())
    assert (explanation.cause.slug, explanation.quoted) == ("container-ended", log[1])


PLACED = ["ClientError: 400", "[engine] record 12, line 13", "", "Message:", *FRAMES, "ValueError: 'n/a'"]


def test_the_object_and_the_records_of_the_failed_request_are_told() -> None:
    explanation = explain(data_log(*PLACED), Facts())
    assert (explanation.object, explanation.place) == ("b/k.csv", RecordPlace(12, 12, 13, 13))
    assert explanation.quoted == "b/k.csv: ClientError: 400\nValueError: 'n/a'"
    stored = columns(explanation)["failure"]
    assert (stored["object"], stored["records"]) == ("b/k.csv", "record 12, line 13")


def test_a_cause_in_the_models_answer_has_the_records_of_its_object_and_no_others() -> None:
    other_lines = [LogText(LogSource.DATA_LOG, f"b/other.csv: {text}") for text in PLACED[:2]]
    answer = [
        "ClientError: 400",
        "[engine] records 1-40, lines 1-41",
        "",
        "Message:",
        "Unable to parse data as csv",
    ]
    explanation = explain([*other_lines, *data_log(*answer)], Facts())
    assert explanation.cause.slug == "csv-unreadable"
    assert (explanation.object, explanation.place) == ("b/k.csv", RecordPlace(1, 40, 1, 41))


def test_the_record_that_ended_a_container_is_told_with_the_jobs_reason() -> None:
    reason = "AlgorithmError: The model container ended while it served (signal 9), and again after a restart"
    lines = [
        LogText(LogSource.REASON, reason),
        *data_log("Unable to get response from algorithm", PLACED[1])[1:],
    ]
    explanation = explain(lines, Facts())
    assert explanation.cause.slug == "out-of-memory"
    assert (explanation.object, explanation.place) == ("b/k.csv", RecordPlace(12, 12, 13, 13))


def test_aws_has_no_line_about_records_and_a_model_cannot_write_one() -> None:
    explanation = explain(data_log("ClientError: 400", "", "Message:", PLACED[1]), Facts())
    assert (explanation.object, explanation.place) == ("b/k.csv", None)
    assert "records" not in columns(explanation)["failure"]


AWS_ONLY = re.compile(
    r"\b(the model's role|KMS|ecr:|s3:|Service Quotas|larger instance|gunicorn|nginx|TorchServe|TensorFlow|region)\b"
)
#: What no job of an engine can fail for: it has no roles, keys of KMS or registries of images.
AWS_CAUSES = {"role-not-assumed", "kms-denied"}


@pytest.mark.parametrize("cause", [cause for cause in (*CAUSES, UNKNOWN) if cause.slug not in AWS_CAUSES])
def test_advice_for_an_engine_names_nothing_that_only_aws_has(cause: Cause) -> None:
    assert not AWS_ONLY.findall(cause.advice_for(engine=True))
    assert cause.advice_for(engine=False) == cause.advice


def test_advice_for_an_engine_is_about_causes_that_there_are() -> None:
    assert set(ENGINE_ADVICE) <= {cause.slug for cause in CAUSES}


def test_every_rule_is_held_to_a_text() -> None:
    tested_causes = {cause for _, cause in [*REASONS, *DATA_LOG, *CONTAINER]}
    assert {cause.slug for cause in CAUSES} == tested_causes


def test_slugs_are_words_that_fit_the_column_and_are_there_once() -> None:
    slugs = [cause.slug for cause in (*CAUSES, UNKNOWN)]
    assert len(set(slugs)) == len(slugs)
    assert all(slug.replace("-", "").isalpha() and len(slug) <= 40 for slug in slugs)


@pytest.mark.parametrize(
    "text", ["", JOBLOG, "AlgorithmError: See job logs for more information", "Something nobody saw before"]
)
def test_where_no_rule_fits_none_is_guessed(text: str) -> None:
    failure = explain([LogText(LogSource.REASON, text), LogText(LogSource.CONTAINER, "200 OK")], Facts())
    assert (failure.cause, failure.quoted, failure.change) == (UNKNOWN, "", None)


def test_a_status_is_quoted_with_what_the_model_answered() -> None:
    lines = [
        "b/k: ClientError: 400",
        "b/k: ",
        "b/k: Message:",
        "b/k: what is",
        "b/k: that?",
        "b/l: ClientError: 400",
    ]
    failure = explain([LogText(LogSource.DATA_LOG, line) for line in lines], Facts())
    assert failure.quoted == "b/k: ClientError: 400\nwhat is\nthat?"


@pytest.mark.parametrize(
    ("text", "spec", "field", "value"),
    [
        ("x: A record is larger than MaxPayloadInMB allows", CSV, "max_payload", "12"),
        ("x: A record is larger than MaxPayloadInMB allows", {**CSV, "max_payload": 60}, "max_payload", "100"),
        ("x: A record is larger than MaxPayloadInMB allows", {**CSV, "max_payload": 40, "max_concurrent_transforms": 2},
         "max_payload", "50"),
        ("x: The object is larger than MaxPayloadInMB allows", {"content_type": "text/csv"}, "split_type", "Line"),
        ("x: ClientError: 413", {**CSV, "max_payload": 100}, "max_payload", "50"),
        ("x: ClientError: 413", {**CSV, "max_payload": 1}, "strategy", "SingleRecord"),
        ("x: Model server did not respond to /invocations request within 600 seconds", CSV,
         "model_client_config.invocations_timeout_in_seconds", "1200"),
        ("x: Model server did not respond to /invocations request within 3600 seconds",
         {**CSV, "model_client_config": {"invocations_timeout_in_seconds": 3600}}, "max_payload", "3"),
        ("x: Extra data: line 2 column 1 (char 9)", CSV, "strategy", "SingleRecord"),
        ("x: CUDA out of memory", CSV, "instance_type", "ml.m5.xlarge"),
        ("x: Content-type text/csv not supported, use application/json", CSV, "content_type", "application/json"),
        ("x: X has 31 features, but it is expecting 30", CSV, "input_filter", "$[1:]"),
        ("x: Failed to join: the request has 3 records, the algorithm's output 1",
         {**CSV, "strategy": "SingleRecord", "join_source": "Input"}, "join_source", ""),
        ("x: Row 1 of the request: $[9] finds nothing: there is no [9]",
         {**CSV, "input_filter": "$[1:]", "output_filter": "$[9]"}, "output_filter", ""),
        ("x: not valid Gzip", {**CSV, "compression_type": "Gzip"}, "compression_type", "None"),
        ("x: 'utf-8' codec can't decode byte 0x8b in position 1", CSV, "compression_type", "Gzip"),
        ("The account-level service limit 'ml.m5.large for transform job usage' is 2 Instances, with current "
         "utilization of 0 Instances and a request delta of 4 Instances.", {**CSV, "instance_count": 4},
         "instance_count", "2"),
    ],
)  # fmt: skip
def test_a_cause_proposes_the_change_that_its_request_lacks(
    text: str, spec: dict[str, Any], field: str, value: str
) -> None:
    change = explain(
        [LogText(LogSource.DATA_LOG, text)], Facts(spec=spec, instance_type="ml.m5.large")
    ).change
    assert change is not None
    assert (change.field, change.value) == (field, value)


def test_nothing_is_proposed_that_the_request_has_already_or_that_is_not_allowed() -> None:
    full = {**CSV, "max_payload": 100}
    assert (
        explain(
            [LogText(LogSource.DATA_LOG, "A record is larger than MaxPayloadInMB allows")], Facts(full)
        ).change
        is None
    )
    alone = {**CSV, "strategy": "SingleRecord"}
    assert (
        explain([LogText(LogSource.DATA_LOG, "x: Extra data: line 2 column 1")], Facts(alone)).change is None
    )


def test_without_capacity_the_first_other_fallback_is_tried_and_else_a_type_of_the_same_size() -> None:
    log_texts = [LogText(LogSource.REASON, REASONS[0][0])]
    first = explain(log_texts, Facts(instance_type="ml.m5.large", fallbacks=("ml.c5.xlarge",))).change
    second = explain(log_texts, Facts(instance_type="ml.g5.2xlarge")).change
    assert first
    assert second
    assert (first.value, second.value) == ("ml.c5.xlarge", "ml.g4dn.2xlarge")


def test_in_the_engine_more_memory_is_no_matter_of_the_instance_type() -> None:
    failure = explain([LogText(LogSource.CONTAINER, "MemoryError")], Facts(CSV, "ml.m5.large", embedded=True))
    assert failure.change
    assert failure.change.field == "max_payload"


@pytest.mark.parametrize(
    ("line", "written", "proposed"),
    [
        (
            "Feature size of csv inference data 31 is not consistent with feature size of trained model 30.",
            0,
            True,
        ),
        (
            "Feature size of csv inference data 29 is not consistent with feature size of trained model 30.",
            0,
            False,
        ),
        (
            "Feature size of csv inference data 31 is not consistent with feature size of trained model 30.",
            11,
            False,
        ),
        ("Feature shape mismatch, expected: 30, got 31", 0, True),
        ("Feature shape mismatch, expected: 30, got 32", 0, False),
        ("X has 7 features, but StandardScaler is expecting 30 features as input.", 0, False),
        (
            "Model n_features is 30 and input n_features is 31. Number of features of the model must match",
            0,
            True,
        ),
        ("Unexpected number of columns", 0, True),
    ],
)
def test_a_column_is_filtered_only_where_one_is_too_many_in_all_files(
    line: str, written: int, proposed: bool
) -> None:
    failure = explain([LogText(LogSource.DATA_LOG, f"b/k.csv: {line}")], Facts(spec=CSV, written=written))
    assert failure.cause.slug == "wrong-columns"
    assert (failure.change is not None) == proposed


def test_sizes_of_instances_are_those_that_sagemaker_takes() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    instance_types = {f"ml.{name}.{size}" for name, family in FAMILIES.items() for size in family.sizes}
    assert instance_types <= set(model.shape_for("TransformInstanceType").enum)
    assert larger("ml.m5.24xlarge") == larger("ml.nosuch.large") == larger("") == ""


@pytest.mark.parametrize(
    ("head", "value"),
    [
        (b"a-17,1,2.5\nb-18,2,3\n", "$[1:]"),
        # A header is a row, which no filter of columns leaves out.
        (b"id,age,size\n1,2,3\n", None),
        (b"id,age,size\na-17,2,3\n", None),
        (b"red,1,green\nblue,2,red\n", None),
        (b"1,2\n3,4\n", None),
        (b"", None),
    ],
)
def test_unreadable_csv_is_filtered_for_a_column_of_ids_and_never_for_a_header(
    head: bytes, value: str | None
) -> None:
    log_texts = [LogText(LogSource.DATA_LOG, "b/k.csv: could not convert string to float: 'a-17'")]
    change = explain(log_texts, Facts(spec=CSV, head=head)).change
    assert (change.value if change else None) == value


def test_a_line_that_ends_with_a_colon_is_quoted_with_what_it_announces() -> None:
    answer = (
        "b/k.csv: ClientError: 415",
        "b/k.csv: Records in the payload: 3",
        "b/k.csv: Loading csv data failed with Exception, please ensure data is in csv format:",
        "b/k.csv:  <class 'ValueError'>",
        "b/k.csv:  could not convert string to float: 'a-17'",
        "b/other.csv: ClientError: 415",
    )
    explanation = explain([LogText(LogSource.DATA_LOG, text) for text in answer], Facts())
    assert explanation.cause.slug == "csv-unreadable"
    assert explanation.quoted.splitlines() == [
        "b/k.csv: Loading csv data failed with Exception, please ensure data is in csv format:",
        "<class 'ValueError'>",
        "could not convert string to float: 'a-17'",
    ]
