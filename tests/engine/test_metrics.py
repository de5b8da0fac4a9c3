"""CloudWatch metrics through boto3: what running jobs use, found and read as AWS's clients do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from engine.operations.metric_search import BadSearch, parse_search
from engine.store import Store
from tests.engine.resources import refused, unique
from tests.engine.test_json_protocol import call
from tests.engine.transforms import Transform, transform
from tests.support.engine import EngineProcess

NAMESPACE = "/aws/sagemaker/TransformJobs"
#: The beginning of a minute, an hour, a day; epoch seconds.
NOON = 1_767_268_800


@pytest.fixture(scope="module")
def job(serving_engine: EngineProcess) -> Transform:
    """A job of two instances that ran."""
    return transform(serving_engine, {"a": b"a", "b": b"b"}, instances=2).completed()


@pytest.fixture
def host(serving_engine: EngineProcess) -> Iterator[str]:
    """A host whose CPU was measured at known times: 10, 30, 50 in one minute and 70 in the next."""
    store = Store(serving_engine.data_dir / "engine.sqlite3")
    name = f"{unique('job')}/i-0123456789abcdef0"
    for second, value in ((0, 10), (20, 30), (40, 50), (70, 70)):
        store.metrics.add(name, NOON + second, {"CPUUtilization": value})
    yield name
    store.close()


def hosts(engine: EngineProcess, **filters: Any) -> list[tuple[str, str]]:
    """(host, metric) of ListMetrics' answer."""
    pages = engine.client("cloudwatch").get_paginator("list_metrics").paginate(**filters)
    return [
        (metric["Dimensions"][0]["Value"], metric["MetricName"])
        for page in pages
        for metric in page["Metrics"]
    ]


def stat(host: str, statistic: str, period: int = 60) -> dict[str, Any]:
    dimensions = [{"Name": "Host", "Value": host}]
    metric = {"Namespace": NAMESPACE, "MetricName": "CPUUtilization", "Dimensions": dimensions}
    return {"Metric": metric, "Period": period, "Stat": statistic}


def data(engine: EngineProcess, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    """GetMetricData's answer over two minutes from NOON on, unless told otherwise."""
    start = datetime.fromtimestamp(NOON, UTC)
    period = {"StartTime": start, "EndTime": start + timedelta(minutes=2), **more}
    return dict(engine.client("cloudwatch").get_metric_data(MetricDataQueries=list(queries), **period))


def test_each_instance_of_a_job_has_its_cpu_and_memory_measured(
    serving_engine: EngineProcess, job: Transform
) -> None:
    hosts_and_metrics = [
        pair for pair in hosts(serving_engine, Namespace=NAMESPACE) if pair[0].startswith(f"{job.name}/")
    ]
    assert len({host for host, _ in hosts_and_metrics}) == 2
    assert {name for _, name in hosts_and_metrics} == {"CPUUtilization", "MemoryUtilization"}
    assert all(any(stream.startswith(f"{host}-") for stream in job.streams) for host, _ in hosts_and_metrics)


def test_the_search_that_is_used_in_the_field_finds_a_jobs_metrics(
    serving_engine: EngineProcess, job: Transform
) -> None:
    times = job.describe()
    answer = data(
        serving_engine,
        {
            "Id": "q",
            "Expression": f"SEARCH('{{{NAMESPACE},Host}} Host={job.name}/i-', 'Average', 60)",
        },
        StartTime=times["TransformStartTime"] - timedelta(minutes=1),
        EndTime=times["TransformEndTime"] + timedelta(minutes=5),
    )
    by_metric = {result["Label"].rpartition(" ")[2]: result for result in answer["MetricDataResults"]}
    assert len(answer["MetricDataResults"]) == 4
    assert all(result["StatusCode"] == "Complete" for result in answer["MetricDataResults"])
    assert by_metric["CPUUtilization"]["Values"][0] > 0
    assert 0 < by_metric["MemoryUtilization"]["Values"][0] < 100


@pytest.mark.parametrize(
    ("statistic", "values"),
    [
        ("Average", [70, 30]),
        ("Maximum", [70, 50]),
        ("Minimum", [70, 10]),
        ("Sum", [70, 90]),
        ("SampleCount", [1, 3]),
    ],
)
def test_statistics_are_by_period_newest_first(
    serving_engine: EngineProcess, host: str, statistic: str, values: list[float]
) -> None:
    (result,) = data(serving_engine, {"Id": "m", "MetricStat": stat(host, statistic)})["MetricDataResults"]
    assert result["Values"] == values
    assert [moment.timestamp() for moment in result["Timestamps"]] == [NOON + 60, NOON]
    assert (result["Id"], result["Label"]) == ("m", "CPUUtilization")


def test_many_points_come_in_pages_in_the_order_asked_for(serving_engine: EngineProcess, host: str) -> None:
    queries = [{"Id": f"m{number}", "MetricStat": stat(host, "Sum", 10)} for number in range(2)]
    paginator = serving_engine.client("cloudwatch").get_paginator("get_metric_data")
    start = datetime.fromtimestamp(NOON, UTC)
    pages = paginator.paginate(
        MetricDataQueries=queries,
        StartTime=start,
        EndTime=start + timedelta(minutes=2),
        ScanBy="TimestampAscending",
        PaginationConfig={"PageSize": 3},
    )
    values: dict[str, list[float]] = {"m0": [], "m1": []}
    for page in pages:
        values_of_page = [result["Values"] for result in page["MetricDataResults"]]
        assert sum(map(len, values_of_page)) <= 3
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    assert values == {"m0": [10, 30, 50, 70], "m1": [10, 30, 50, 70]}


def test_a_metric_that_is_not_there_has_no_points(serving_engine: EngineProcess, host: str) -> None:
    metric_of_rack = stat(host, "Sum")
    metric_of_rack["Metric"]["Dimensions"].append({"Name": "Rack", "Value": "1"})
    queries = [{"Id": "a", "MetricStat": stat("no/such", "Sum")}, {"Id": "b", "MetricStat": metric_of_rack}]
    results = data(serving_engine, *queries)["MetricDataResults"]
    assert [result["Values"] for result in results] == [[], []]
    assert hosts(serving_engine, Namespace="AWS/EC2") == []
    assert hosts(serving_engine, Dimensions=[{"Name": "Rack"}]) == []
    assert hosts(serving_engine, Dimensions=[{"Name": "Host", "Value": host}]) == [(host, "CPUUtilization")]


def test_statistics_of_one_metric_come_with_their_unit(serving_engine: EngineProcess, host: str) -> None:
    start = datetime.fromtimestamp(NOON, UTC)
    answer = serving_engine.client("cloudwatch").get_metric_statistics(
        **stat(host, "Sum")["Metric"],
        StartTime=start,
        EndTime=start + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "Maximum"],
    )
    assert answer["Datapoints"] == [{"Timestamp": start, "Sum": 90, "Maximum": 50, "Unit": "Percent"}]


def test_the_json_protocol_gives_the_same(serving_engine: EngineProcess, host: str) -> None:
    body = {
        "MetricDataQueries": [{"Id": "m", "MetricStat": stat(host, "Sum")}],
        "StartTime": NOON,
        "EndTime": NOON + 60,
    }
    target = "GraniteServiceVersion20100801.GetMetricData"
    status, _, answer = call(serving_engine, target, json.dumps(body).encode(), "monitoring")
    (result,) = json.loads(answer)["MetricDataResults"]
    assert (status, result["Timestamps"], result["Values"]) == (200, [NOON], [90])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"MetricStat": stat("h", "Median")}, "Median is not one of"),
        ({"MetricStat": stat("h", "Sum", 7)}, "A period must be"),
        ({"Expression": "m1 * 2"}, "only SEARCH"),
        ({}, "either MetricStat or Expression"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    serving_engine: EngineProcess, query: dict[str, Any], message: str
) -> None:
    with refused("ValidationError", message):
        data(serving_engine, {"Id": "q", **query})


def test_errors_have_the_codes_that_clients_know(serving_engine: EngineProcess) -> None:
    cloudwatch = serving_engine.client("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.InvalidNextToken):
        data(serving_engine, {"Id": "m", "MetricStat": stat("h", "Sum")}, NextToken="x")
    with refused("InvalidParameterValue", "namespace"):
        cloudwatch.list_metrics(Namespace=":x")
    with pytest.raises(ClientError) as caught:
        cloudwatch.describe_alarms()
    assert caught.value.response["Error"]["Code"] == "NotImplementedException"


@pytest.mark.parametrize(
    ("terms", "host", "fits"),
    [
        ("", "job/i-1", True),
        ("CPU", "job/i-1", True),
        ("Memory", "job/i-1", False),
        ('MetricName="CPUUtilization" Host=job/', "job/i-1", True),
        ('Host="job"', "job/i-1", False),
        ('Host="job/i-1"', "job/i-1", True),
        ("Rack=1", "job/i-1", False),
    ],
)
def test_all_terms_of_a_search_have_to_fit(terms: str, host: str, fits: bool) -> None:
    search = parse_search(f"SEARCH('{{{NAMESPACE},Host}} {terms}', 'Average')")
    assert (search.namespace, search.dimensions, search.period) == (NAMESPACE, ("Host",), None)
    assert search.matches(host, "CPUUtilization") is fits


@pytest.mark.parametrize("text", ["Host=a OR Host=b", "NOT a", "(a)", 'a"b'])
def test_a_search_with_more_than_plain_terms_is_refused(text: str) -> None:
    with pytest.raises(BadSearch):
        parse_search(f"SEARCH('{{N,Host}} {text}', 'Average')")


def test_a_search_may_name_what_it_finds_by_its_properties(serving_engine: EngineProcess, host: str) -> None:
    expression = f"SEARCH('{{{NAMESPACE},Host}} Host={host}', 'Average', 60)"
    query = {"Id": "q", "Expression": expression, "Label": "${PROP('MetricName')} of ${PROP('Dim.Host')}"}
    (result,) = data(serving_engine, query)["MetricDataResults"]
    assert result["Label"] == f"CPUUtilization of {host}"
