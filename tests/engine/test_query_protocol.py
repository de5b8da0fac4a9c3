"""The query protocol, as clients write and read it that know no other for CloudWatch, and as STS has it."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from engine.aws_models import service_model
from engine.errors import ServiceError
from engine.store import Store
from engine.wire.query_protocol import document, tree_of
from tests.engine.resources import refused, unique
from tests.support.engine import EngineProcess

NOON = 1_767_268_800
SIGNED_AS = {"cloudwatch": "monitoring"}


def send(engine: EngineProcess, service: str, form: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Sign and send a form; returns status, headers, body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = urlencode(form).encode()
    request = AWSRequest("POST", engine.url + "/", headers=headers, data=body)
    keys = Credentials(engine.access_key, engine.secret_key)
    SigV4Auth(keys, SIGNED_AS.get(service, service), "us-east-1").add_auth(request)
    raw = urllib.request.Request(request.url, body, dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(raw) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def ask(engine: EngineProcess, service: str, operation: str, **params: Any) -> dict[str, Any]:
    """What botocore's own writer and reader of the query protocol make of a call."""
    model = service_model(service).operation_model(operation)
    form = create_serializer("query", include_validation=False).serialize_to_request(params, model)["body"]
    status, headers, body = send(engine, service, form)
    answer = {"status_code": status, "headers": headers, "body": body}
    return dict(create_parser("query").parse(answer, model.output_shape))


def test_nested_lists_and_numbers_of_a_form_are_understood(engine: EngineProcess, store: Store) -> None:
    host = f"{unique('job')}/i-1"
    store.metrics.add(host, NOON, {"CPUUtilization": 12.5})
    dimensions = [{"Name": "Host", "Value": host}]
    metric = {
        "Namespace": "/aws/sagemaker/TransformJobs",
        "MetricName": "CPUUtilization",
        "Dimensions": dimensions,
    }
    stat = {"Metric": metric, "Period": 60, "Stat": "Average"}
    queries = [
        {"Id": "hidden", "MetricStat": stat, "ReturnData": False},
        {"Id": "shown", "MetricStat": stat},
    ]
    start = datetime.fromtimestamp(NOON, UTC)
    answer = ask(
        engine,
        "cloudwatch",
        "GetMetricData",
        MetricDataQueries=queries,
        StartTime=start,
        EndTime=datetime.fromtimestamp(NOON + 60, UTC),
    )
    (result,) = answer["MetricDataResults"]
    assert (result["Id"], result["Timestamps"], result["Values"]) == ("shown", [start], [12.5])
    listed = ask(engine, "cloudwatch", "ListMetrics", Dimensions=dimensions)
    assert listed["Metrics"] == [metric]


def test_an_operation_the_engine_lacks_is_named(engine: EngineProcess) -> None:
    answer = ask(engine, "cloudwatch", "DescribeAlarms")
    assert answer["Error"]["Code"] == "NotImplementedException"
    assert "cloudwatch:DescribeAlarms" in answer["Error"]["Message"]
    assert send(engine, "cloudwatch", {"Action": "CreateWhatIsNewer"})[0] == 501
    assert send(engine, "cloudwatch", {"Action": "no such"})[0] == 400


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "ListMetrics", "Dimensions": "x"}, b"SerializationException"),
        ({"Action": "ListMetrics", "Dimensions.member": "x"}, b"SerializationException"),
        ({"Action": "ListMetrics", "IncludeLinkedAccounts": "maybe"}, b"SerializationException"),
        ({"Action": "GetMetricData", "StartTime": "noon"}, b"SerializationException"),
        ({"Action": "GetMetricData", "MaxDatapoints": "many"}, b"SerializationException"),
        ({"Action": "GetMetricData"}, b"InvalidParameterValue"),
        ({"Action": "ListMetrics", "Namespace": "x", "Namespace.y": "z"}, b"MalformedQueryString"),
        ({"Action": "ListMetrics", "Namespace.y": "z", "Namespace": "x"}, b"MalformedQueryString"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(
    engine: EngineProcess, form: dict[str, str], code: bytes
) -> None:
    status, _, body = send(engine, "cloudwatch", form)
    assert status == 400
    assert b"<Code>" + code + b"</Code>" in body


def test_members_of_a_list_come_by_their_numbers() -> None:
    shape = service_model("cloudwatch").operation_model("ListMetrics").input_shape
    assert shape is not None
    form = {f"Dimensions.member.{number}.Name": str(number) for number in (10, 9, 1)}
    assert document(shape, tree_of(form)) == {"Dimensions": [{"Name": "1"}, {"Name": "9"}, {"Name": "10"}]}
    assert document(shape, tree_of({"Dimensions": ""})) == {"Dimensions": []}
    with pytest.raises(ServiceError):
        tree_of({"a": "1", "a.b": "2"})


def test_sts_checks_what_it_is_given(engine: EngineProcess) -> None:
    sts = engine.client("sts")
    role = "arn:aws:iam::000000000000:role/R"
    assert sts.get_caller_identity()["Account"] == "000000000000"
    with refused("ValidationError", "durationSeconds"):
        sts.assume_role(RoleArn=role, RoleSessionName="tests", DurationSeconds=899999)
    with refused("ValidationError", "roleSessionName"):
        sts.assume_role(RoleArn=role, RoleSessionName="no spaces here")
    status, _, body = send(engine, "sts", {"Action": "AssumeRole", "RoleArn": role})
    assert status == 400
    assert b"<Code>ValidationError</Code>" in body


@pytest.mark.parametrize("service", ["rds", "sns", "no-such-service"])
def test_a_service_that_the_engine_lacks_answers_in_the_form_of_its_protocol(
    engine: EngineProcess, service: str
) -> None:
    status, _, body = send(engine, service, {"Action": "GetRole", "Version": "2010-05-08", "RoleName": "r"})
    assert status == 501
    assert b"<Code>NotImplementedException</Code>" in body
    assert f"no service '{service}'".encode() in body


def test_boto3_reads_the_answer_of_a_service_that_the_engine_lacks(engine: EngineProcess) -> None:
    with pytest.raises(ClientError, match="The embedded engine has no service 'sns'") as caught:
        engine.client("sns").list_topics()
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"


def test_an_error_that_repeats_control_characters_can_be_read(engine: EngineProcess) -> None:
    status, _, body = send(
        engine, "cloudformation", {"Action": "DescribeStacks", "StackName": "a\x00\x1b\ufffe"}
    )
    assert status == 400
    assert "a\ufffd\ufffd\ufffd" in str(ElementTree.fromstring(body).findtext("*/{*}Message"))


@pytest.mark.parametrize("seconds", ["inf", "1" + "0" * 400, "-1e300"])
def test_a_time_beyond_all_calendars_is_refused(engine: EngineProcess, seconds: str) -> None:
    form = {"Action": "GetMetricStatistics", "Namespace": "a", "MetricName": "b", "Period": "60"}
    status, _, body = send(engine, "cloudwatch", {**form, "StartTime": seconds, "EndTime": "1"})
    assert (status, b"<Code>SerializationException</Code>" in body) == (400, True)
