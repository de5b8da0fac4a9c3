"""Test what a connection's credentials allow, call by call. No call changes anything.

Calls that would create something cannot be tried: CreateTransformJob, CreateModel, CreateModelPackage and their like.
Stopping is tried on a job that is not there, and writing to S3 with a checksum that S3 refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from botocore.exceptions import ClientError

from aws import objects
from aws.actions import resource_of
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
_AT_ONCE = 8
#: Seconds for all calls together; one takes six at most.
_SECONDS = 15


class ProbeOutcome(Enum):
    """The outcome of a call."""

    FINE = "fine"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class ProbeScope:
    """What a connection uses: places in S3 that are read and written, and its queue with the target of its calls.

    A place is a bucket with the beginning of keys.
    """

    reads: Sequence[tuple[str, str]] = ()
    writes: Sequence[tuple[str, str]] = ()
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
    #: The ARN, if that of the table stands for several.
    arn: str = ""
    #: Another target than the connection's own.
    target: Target | None = None

    def result(self, outcome: ProbeOutcome, says: str = "", account: str = "") -> ProbeResult:
        resource = self.arn or resource_of(self.action)
        return ProbeResult(self.service, self.action, self.use, outcome, says, resource, account)


def probe(target: Target, probe_scope: ProbeScope) -> list[ProbeResult]:
    """Try each call, several at a time, for some seconds in all; results are in the order of the list.

    A call that is not answered by then is unreachable.
    """
    hurried = replace(target, hurried=True)
    probes = _probes(hurried, probe_scope)
    first = _try(probes[0], hurried)
    if first.says == NO_CREDENTIALS:
        # Looking for credentials takes seconds, and each service's client would do it again.
        return [tested.result(first.outcome, first.says) for tested in probes] + _not_needed(
            hurried, probe_scope
        )
    pool = ThreadPoolExecutor(_AT_ONCE)
    futures = [pool.submit(_try, tested, hurried) for tested in probes[1:]]
    wait(futures, timeout=_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    results = [
        first,
        *(_result_of(tested, future) for tested, future in zip(probes[1:], futures, strict=True)),
    ]
    return [*_role_refused(target, results), *results, *_not_needed(hurried, probe_scope)]


def _result_of(tested: _Probe, future: Future[ProbeResult]) -> ProbeResult:
    if future.done() and not future.cancelled():
        return future.result()
    return tested.result(ProbeOutcome.UNREACHABLE, f"There was no answer within {_SECONDS} seconds.")


def _probes(target: Target, probe_scope: ProbeScope) -> list[_Probe]:
    """The calls to try, with those for the places, prices and queue of this connection."""
    probes = [
        *_PROBES,
        *(_list_probe(bucket) for bucket in dict.fromkeys(name for name, _ in probe_scope.reads)),
    ]
    probes += [_read_probe(*place) for place in probe_scope.reads]
    probes += [_write_probe(*place) for place in probe_scope.writes]
    if not target.is_engine and is_answered(target.region):
        probes.append(_Probe("Price list", "pricing:GetProducts", "what jobs cost", _prices))
    if probe_scope.queue_url:
        probes.append(_queue_probe(target, probe_scope))
    return probes


def _not_needed(target: Target, probe_scope: ProbeScope) -> list[ProbeResult]:
    """The calls that this connection does not need, with the reason."""
    rows = [
        (
            not probe_scope.reads,
            "S3",
            "s3:ListBucket",
            "listing inputs and outputs",
            "No model or job names a bucket yet.",
        ),
        (target.is_engine, "Price list", "pricing:GetProducts", "what jobs cost", "An engine sends no bill."),
        (
            not target.is_engine and not is_answered(target.region),
            "Price list",
            "pricing:GetProducts",
            "what jobs cost",
            "AWS has no price list for this region.",
        ),
        (
            not probe_scope.queue_url,
            "SQS",
            "sqs:ReceiveMessage",
            "hearing of changes at once",
            "No queue of events is set.",
        ),
    ]
    return [
        ProbeResult(service, action, use, ProbeOutcome.NOT_NEEDED, says)
        for is_spared, service, action, use, says in rows
        if is_spared
    ]


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
        with translated(tested.target or target):
            return tested.result(ProbeOutcome.FINE, account=tested.call(tested.target or target) or "")
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


def _stop_job(target: Target) -> None:
    client(target, "sagemaker").stop_transform_job(TransformJobName=_nobody(target))


def _describe_model(target: Target) -> None:
    client(target, "sagemaker").describe_model(ModelName=_nobody(target))


def _list_groups(target: Target) -> None:
    client(target, "sagemaker").list_model_package_groups(MaxResults=1)


def _describe_script(target: Target) -> None:
    client(target, "sagemaker").describe_processing_job(ProcessingJobName=_nobody(target))


def _list_probe(bucket: str) -> _Probe:
    def call(target: Target) -> None:
        try:
            client(target, "s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            if details_of(error)[0] in ("404", "NoSuchBucket"):
                raise Rejected(f"There is no bucket {bucket}.", "404") from error
            raise

    use = f"{bucket}: listing inputs and outputs"
    return _Probe("S3", "s3:ListBucket", use, call, f"arn:{{partition}}:s3:::{bucket}")


def _read_probe(bucket: str, prefix: str) -> _Probe:
    def call(target: Target) -> None:
        # An object that is not there: 404 is the answer of those who may read it, and 403 that of others.
        objects.head(target, bucket, f"{prefix}{_NOBODY}")

    return _Probe(
        "S3", "s3:GetObject", f"{bucket}/{prefix}: reading objects", call, _objects_arn(bucket, prefix)
    )


def _write_probe(bucket: str, prefix: str) -> _Probe:
    def call(target: Target) -> None:
        objects.try_put(target, bucket, f"{prefix}{_NOBODY}")

    return _Probe(
        "S3", "s3:PutObject", f"{bucket}/{prefix}: writing objects", call, _objects_arn(bucket, prefix)
    )


def _objects_arn(bucket: str, prefix: str) -> str:
    # Keys may have braces, which are no placeholders.
    key = prefix.replace("{", "{{").replace("}", "}}")
    return f"arn:{{partition}}:s3:::{bucket}/{key}*"


def _queue_probe(target: Target, probe_scope: ProbeScope) -> _Probe:
    def call(queue_target: Target) -> None:
        # With a visibility timeout of 0 the message stays visible to the queue's reader.
        client(queue_target, "sqs").receive_message(
            QueueUrl=probe_scope.queue_url, MaxNumberOfMessages=1, VisibilityTimeout=0, WaitTimeSeconds=0
        )

    return _Probe(
        "SQS",
        "sqs:ReceiveMessage",
        "hearing of changes at once",
        call,
        queue_arn(probe_scope.queue_url),
        replace(probe_scope.queue_target or target, hurried=True),
    )


def queue_arn(url: str) -> str:
    """The ARN of an SQS queue's address, with the placeholders {partition} and {region}."""
    owner, name = url.split("/")[-2:]
    return f"arn:{{partition}}:sqs:{{region}}:{owner}:{name}"


_PROBES: tuple[_Probe, ...] = (
    _Probe("STS", "sts:GetCallerIdentity", "whose account it is", _identity),
    _Probe("SageMaker", "sagemaker:ListTransformJobs", "following jobs", _list_jobs),
    _Probe("SageMaker", "sagemaker:DescribeTransformJob", "what became of a job", _describe_job),
    _Probe("SageMaker", "sagemaker:StopTransformJob", "stopping jobs", _stop_job),
    _Probe("SageMaker", "sagemaker:ListModels", "finding models", _list_models),
    _Probe("SageMaker", "sagemaker:DescribeModel", "what a model is made of", _describe_model),
    _Probe("SageMaker", "sagemaker:ListModelPackageGroups", "the model registry", _list_groups),
    _Probe("SageMaker", "sagemaker:DescribeProcessingJob", "scripts of deployments", _describe_script),
    _Probe("Logs", "logs:DescribeLogStreams", "finding a job's logs", _streams),
    _Probe("Logs", "logs:GetLogEvents", "reading logs, causes of failures", _log_events),
    _Probe("Logs", "logs:FilterLogEvents", "searching logs", _log_search),
    _Probe("CloudWatch", "cloudwatch:GetMetricData", "CPU and memory of a job", _metrics),
    _Probe("S3", "s3:ListAllMyBuckets", "choosing a bucket", _buckets),
    _Probe("Service Quotas", "servicequotas:ListServiceQuotas", "the account's limits", _quotas),
    _Probe(
        "Service Quotas", "servicequotas:ListAWSDefaultServiceQuotas", "AWS's own limits", _default_quotas
    ),
)
