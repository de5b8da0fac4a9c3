"""Test what a connection's credentials allow, call by call. No call changes anything.

Calls that create or stop something are not tested: CreateTransformJob, StopTransformJob, CreateModel, PutObject.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from botocore.exceptions import ClientError

from aws.calls import NO_CREDENTIALS, details_of, translated
from aws.clients import client
from aws.errors import GatewayError, Rejected
from aws.logs import GROUP
from aws.pricing import home_of, is_answered
from aws.target import Target

#: No job, stream or bucket has this name; an answer that says so shows that the call is allowed.
_NOBODY = "batchdeck-permission-test"


def _nobody(target: Target) -> str:
    """A name that no job has and that the connection may use."""
    name = next(iter(target.scope.names), "")
    return f"{name.removesuffix('*').removesuffix('-')}-{_NOBODY}"[-63:] if name else _NOBODY


_ABSENT = frozenset({"ResourceNotFound", "ResourceNotFoundException", "ValidationException"})
_ASSUME = "sts:AssumeRole"
_AT_ONCE = 6


class ProbeOutcome(Enum):
    """The outcome of a call."""

    FINE = "fine"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class ProbeScope:
    """What a connection uses: buckets of its models and jobs, and its queue with the target of its calls."""

    buckets: Sequence[str] = ()
    queue_url: str = ""
    queue_target: Target | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one call: service, IAM action, what it is needed for, outcome and the error's sentence.

    `resource` is the ARN for a policy, with the placeholders {partition}, {region} and {account}.
    """

    service: str
    action: str
    use: str
    outcome: ProbeOutcome
    says: str = ""
    resource: str = "*"
    account: str = ""


@dataclass(frozen=True, slots=True)
class _Probe:
    service: str
    action: str
    use: str
    call: Callable[[Target], str | None]
    resource: str = "*"

    def result(self, outcome: ProbeOutcome, says: str = "", account: str = "") -> ProbeResult:
        return ProbeResult(self.service, self.action, self.use, outcome, says, self.resource, account)


def probe(target: Target, probe_scope: ProbeScope) -> list[ProbeResult]:
    """Try each call, several at a time, each for a few seconds; results are in the order of the list."""
    hurried = replace(target, hurried=True)
    probes = [*_PROBES, *(_of_bucket(bucket) for bucket in probe_scope.buckets)]
    first = _try(probes[0], hurried)
    if first.says == NO_CREDENTIALS:
        # Looking for credentials takes seconds, and each service's client would do it again.
        return [tested.result(first.outcome, first.says) for tested in probes]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = [first, *pool.map(lambda tested: _try(tested, hurried), probes[1:])]
    results += [*_of_buckets_none(probe_scope), _priced(hurried), _queued(hurried, probe_scope)]
    return [*_role_refused(target, results), *results]


def _role_refused(target: Target, results: Sequence[ProbeResult]) -> list[ProbeResult]:
    """A result for sts:AssumeRole if the role could not be assumed, so that no call was made."""
    says = next((result.says for result in results if _ASSUME in result.says), "")
    if not says:
        return []
    return [
        ProbeResult("STS", _ASSUME, "calling in the role's name", ProbeOutcome.DENIED, says, target.role_arn)
    ]


def _try(tested: _Probe, target: Target) -> ProbeResult:
    try:
        with translated(target):
            return tested.result(ProbeOutcome.FINE, account=tested.call(target) or "")
    except Rejected as error:
        if error.is_denied and _ASSUME not in error.sentence:
            return tested.result(ProbeOutcome.DENIED, error.sentence)
        if error.code in _ABSENT:
            return tested.result(ProbeOutcome.FINE)
        return tested.result(ProbeOutcome.UNREACHABLE, error.sentence)
    except GatewayError as error:
        return tested.result(ProbeOutcome.UNREACHABLE, error.sentence)


def _identity(target: Target) -> str:
    return client(target, "sts").get_caller_identity()["Account"]


def _list_jobs(target: Target) -> None:
    client(target, "sagemaker").list_transform_jobs(MaxResults=1)


def _describe_job(target: Target) -> None:
    client(target, "sagemaker").describe_transform_job(TransformJobName=_nobody(target))


def _list_models(target: Target) -> None:
    client(target, "sagemaker").list_models(MaxResults=1)


def _streams(target: Target) -> None:
    client(target, "logs").describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix=f"{_nobody(target)}/", limit=1
    )


def _log_events(target: Target) -> None:
    client(target, "logs").get_log_events(logGroupName=GROUP, logStreamName=f"{_nobody(target)}/x", limit=1)


def _log_search(target: Target) -> None:
    client(target, "logs").filter_log_events(
        logGroupName=GROUP, logStreamNamePrefix=f"{_nobody(target)}/", limit=1
    )


def _metrics(target: Target) -> None:
    now = datetime.now(UTC)
    metric = {
        "Namespace": "/aws/sagemaker/TransformJobs",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "Host", "Value": f"{_nobody(target)}/x"}],
    }
    client(target, "cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now,
    )


def _buckets(target: Target) -> None:
    client(target, "s3").list_buckets()


def _quotas(target: Target) -> None:
    client(target, "service-quotas").list_service_quotas(ServiceCode="sagemaker", MaxResults=1)


def _default_quotas(target: Target) -> None:
    client(target, "service-quotas").list_aws_default_service_quotas(ServiceCode="sagemaker", MaxResults=1)


def _prices(target: Target) -> None:
    home = replace(target, region=home_of(target.region))
    client(home, "pricing").get_products(ServiceCode="AmazonSageMaker", MaxResults=1)


def _of_bucket(bucket: str) -> _Probe:
    def call(target: Target) -> None:
        try:
            client(target, "s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            if details_of(error)[0] in ("404", "NoSuchBucket"):
                raise Rejected(f"There is no bucket {bucket}.", "404") from error
            raise

    use = f"{bucket}: listing inputs and outputs"
    return _Probe("S3", "s3:ListBucket", use, call, f"arn:{{partition}}:s3:::{bucket}")


def _of_buckets_none(probe_scope: ProbeScope) -> list[ProbeResult]:
    if probe_scope.buckets:
        return []
    use = "listing inputs and outputs"
    return [
        ProbeResult(
            "S3", "s3:ListBucket", use, ProbeOutcome.NOT_NEEDED, "No model or job names a bucket yet."
        )
    ]


def _priced(target: Target) -> ProbeResult:
    price_list = _Probe("Price list", "pricing:GetProducts", "what jobs cost", _prices)
    if target.is_engine:
        return price_list.result(ProbeOutcome.NOT_NEEDED, "An engine sends no bill.")
    if not is_answered(target.region):
        return price_list.result(ProbeOutcome.NOT_NEEDED, "AWS has no price list for this region.")
    return _try(price_list, target)


def _queued(target: Target, probe_scope: ProbeScope) -> ProbeResult:
    def call(queue_target: Target) -> None:
        # With a visibility timeout of 0 the message stays visible to the queue's reader.
        client(queue_target, "sqs").receive_message(
            QueueUrl=probe_scope.queue_url, MaxNumberOfMessages=1, VisibilityTimeout=0, WaitTimeSeconds=0
        )

    use = "hearing of changes at once"
    if not probe_scope.queue_url:
        return ProbeResult(
            "SQS", "sqs:ReceiveMessage", use, ProbeOutcome.NOT_NEEDED, "No queue of events is set."
        )
    name = probe_scope.queue_url.rpartition("/")[2]
    owner = probe_scope.queue_url.split("/")[-2]
    arn = f"arn:{{partition}}:sqs:{{region}}:{owner}:{name}"
    return _try(_Probe("SQS", "sqs:ReceiveMessage", use, call, arn), probe_scope.queue_target or target)


_LOGS = f"arn:{{partition}}:logs:{{region}}:{{account}}:log-group:{GROUP}:*"
_JOBS = "arn:{partition}:sagemaker:{region}:{account}:transform-job/*"
_PROBES: tuple[_Probe, ...] = (
    _Probe("STS", "sts:GetCallerIdentity", "whose account it is", _identity),
    _Probe("SageMaker", "sagemaker:ListTransformJobs", "following jobs", _list_jobs),
    _Probe("SageMaker", "sagemaker:DescribeTransformJob", "what became of a job", _describe_job, _JOBS),
    _Probe("SageMaker", "sagemaker:ListModels", "finding models", _list_models),
    _Probe("Logs", "logs:DescribeLogStreams", "finding a job's logs", _streams, _LOGS),
    _Probe("Logs", "logs:GetLogEvents", "reading logs, causes of failures", _log_events, _LOGS),
    _Probe("Logs", "logs:FilterLogEvents", "searching logs", _log_search, _LOGS),
    _Probe("CloudWatch", "cloudwatch:GetMetricData", "CPU and memory of a job", _metrics),
    _Probe("S3", "s3:ListAllMyBuckets", "choosing a bucket", _buckets),
    _Probe("Service Quotas", "servicequotas:ListServiceQuotas", "the account's limits", _quotas),
    _Probe(
        "Service Quotas", "servicequotas:ListAWSDefaultServiceQuotas", "AWS's own limits", _default_quotas
    ),
)
