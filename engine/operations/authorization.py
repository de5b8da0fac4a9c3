"""The permissions of team keys. The engine's own key may do everything.

An operation without a rule here is denied to team keys. Listings are filtered by the operations themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.copying import source_of
from engine.operations.invocation_metrics import DIMENSIONS
from engine.operations.parameters import parameter_owner
from engine.operations.pipeline_metrics import NAMESPACE as PIPELINES
from engine.operations.pipeline_metrics import PIPELINE
from engine.operations.pipeline_targets import pipeline_of
from engine.operations.rules import rule_name
from engine.operations.schedule_groups import DEFAULT_GROUP
from transform.request_addresses import addresses, package_group
from transform.scope import Scope

#: The kinds of jobs in ARNs.
_JOB_KINDS = ("transform-job", "processing-job")

#: How the tags begin by which the engine's own key marks its jobs, such as the team whose places a job takes.
_MARK = "batchdeck:"

Params = Mapping[str, Any]
Rule = Callable[[Scope, Params], bool]

#: Operations whose permission has another name (Service Authorization Reference).
_ACTIONS = {
    ("s3", "HeadObject"): "GetObject",
    ("s3", "GetObjectAttributes"): "GetObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "UploadPart"): "PutObject",
    ("s3", "UploadPartCopy"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
}
#: How the names of operations begin that a key which only reads may call. A session that it assumes reads only too.
_READS = (
    "Get",
    "List",
    "Head",
    "Describe",
    "BatchDescribe",
    "FilterLogEvents",
    "AssumeRole",
    "ValidateTemplate",
)
#: By service: its prefix in permissions, and the error code and HTTP status of a denial.
_DENIALS = {
    "s3": ("s3", "AccessDenied", 403),
    "sagemaker": ("sagemaker", "AccessDeniedException", 400),
    "logs": ("logs", "AccessDeniedException", 400),
    "cloudwatch": ("cloudwatch", "AccessDenied", 403),
    "service-quotas": ("servicequotas", "AccessDeniedException", 400),
    "sts": ("sts", "AccessDenied", 403),
    "ssm": ("ssm", "AccessDeniedException", 400),
    "ecr": ("ecr", "AccessDeniedException", 400),
    "events": ("events", "AccessDeniedException", 400),
    "scheduler": ("scheduler", "AccessDeniedException", 403),
    "cloudformation": ("cloudformation", "AccessDenied", 403),
}


def authorize(ctx: Context, service: str, operation: str, params: Params) -> None:
    """Raises the service's access error unless the caller's key allows this. `service` is botocore's name."""
    scope = ctx.scope
    may = not scope.reads_only or operation.startswith(_READS)
    if scope.is_everything or (may and _RULES.get((service, operation), _never)(scope, params)):
        return
    assert ctx.caller is not None
    prefix, code, status = _DENIALS[service]
    action = f"{prefix}:{_ACTIONS.get((service, operation), operation)}"
    raise ServiceError(
        code,
        f"User: {ctx.caller.arn} is not authorized to perform: {action}{_resource_phrase(params)} because no "
        f"identity-based policy allows the {action} action",
        status,
    )


def _resource_phrase(params: Params) -> str:
    if "Bucket" in params:
        key = f"/{params['Key']}" if "Key" in params else ""
        return f' on resource: "arn:aws:s3:::{params["Bucket"]}{key}"'
    return ""


def _never(scope: Scope, params: Params) -> bool:
    return False


def _always(scope: Scope, params: Params) -> bool:
    return True


def _object(scope: Scope, params: Params) -> bool:
    return scope.allows(params["Bucket"], params["Key"])


def _copy(scope: Scope, params: Params) -> bool:
    return _object(scope, params) and scope.allows(*source_of(params))


def _each_object(scope: Scope, params: Params) -> bool:
    return all(scope.allows(params["Bucket"], entry["Key"]) for entry in params["Delete"]["Objects"])


def _listing(scope: Scope, params: Params) -> bool:
    return scope.allows(params["Bucket"], params.get("Prefix") or "")


def _bucket(scope: Scope, params: Params) -> bool:
    return scope.touches(params["Bucket"])


def _whole_bucket(scope: Scope, params: Params) -> bool:
    return scope.allows(params["Bucket"], "")


def _model(scope: Scope, params: Params) -> bool:
    return scope.allows_model(params["ModelName"])


def _new_model(scope: Scope, params: Params) -> bool:
    return _model(scope, params) and _places(scope, params) and _packages(scope, params)


def _job(scope: Scope, params: Params) -> bool:
    return scope.allows_job(params["TransformJobName"])


def _new_job(scope: Scope, params: Params) -> bool:
    return _job(scope, params) and _model(scope, params) and _places(scope, params)


def _pipeline(scope: Scope, params: Params) -> bool:
    """A request names a pipeline, by name or ARN, or one of its executions by ARN."""
    text = params.get("PipelineName") or params.get("PipelineExecutionArn", "")
    name = text.rpartition(":")[2].partition("/")[2] if text.startswith("arn:") else text
    return scope.allows_pipeline(name.partition("/")[0])


def _new_definition(scope: Scope, params: Params) -> bool:
    location = params.get("PipelineDefinitionS3Location")
    may_read = location is None or scope.allows(location["Bucket"], location["ObjectKey"])
    return _pipeline(scope, params) and may_read


def _processing_job(scope: Scope, params: Params) -> bool:
    return scope.allows_job(params["ProcessingJobName"])


def _new_processing_job(scope: Scope, params: Params) -> bool:
    """The texts that the script gets are not checked: its key has this scope."""
    places = {name: value for name, value in params.items() if name != "AppSpecification"}
    outputs = places.pop("ProcessingOutputConfig", {}).get("Outputs", [])
    targets = [output["S3Output"]["S3Uri"] for output in outputs if "S3Output" in output]
    return (
        _processing_job(scope, params)
        and _places(scope, places)
        and all(scope.allows_output(target) for target in targets)
    )


def _resource(scope: Scope, params: Params) -> bool:
    kind, _, name = params["ResourceArn"].rpartition(":")[2].partition("/")
    if kind == "pipeline":
        return scope.allows_pipeline(name)
    return scope.allows_job(name) if kind in _JOB_KINDS else scope.allows_model(name.partition("/")[0])


def _changed_tags(scope: Scope, params: Params) -> bool:
    keys = [*params.get("TagKeys", ()), *(tag["Key"] for tag in params.get("Tags", ()))]
    return _resource(scope, params) and not any(key.startswith(_MARK) for key in keys)


def _package(scope: Scope, params: Params) -> bool:
    """A request names a package or a group, by name or ARN."""
    references = [params[name] for name in ("ModelPackageName", "ModelPackageGroupName") if name in params]
    return bool(references) and all(scope.allows_model(package_group(text)) for text in references)


def _changed_package(scope: Scope, params: Params) -> bool:
    return scope.allows_model(package_group(params["ModelPackageArn"])) and _places(scope, params)


def _new_package(scope: Scope, params: Params) -> bool:
    return _package(scope, params) and _places(scope, params) and _source(scope, params)


def _source(scope: Scope, params: Params) -> bool:
    """SourceUri may be the ARN of a package or model, whose specification the new package takes over."""
    text = params.get("SourceUri", "")
    if not text.startswith("arn:"):
        return True
    return scope.allows_model(text.partition("/")[2].partition("/")[0])


def _described_packages(scope: Scope, params: Params) -> bool:
    return all(scope.allows_model(package_group(arn)) for arn in params["ModelPackageArnList"])


def _packages(scope: Scope, params: Params) -> bool:
    containers = [params.get("PrimaryContainer", {}), *params.get("Containers", [])]
    references = [
        container["ModelPackageName"] for container in containers if "ModelPackageName" in container
    ]
    return all(scope.allows_model(package_group(text)) for text in references)


def _places(scope: Scope, params: Params) -> bool:
    """Whether all S3 addresses in the request are allowed."""
    return all(
        scope.allows_output(uri) if field == "S3OutputPath" else scope.allows_uri(uri)
        for field, uri in addresses(params)
    )


def _streams(scope: Scope, params: Params) -> bool:
    """Streams are named `JOB/…`; a listing without a prefix would show those of all jobs."""
    names = params.get("logStreamNames") or [
        params.get("logStreamName") or params.get("logStreamNamePrefix", "")
    ]
    return all(_stream(scope, name) for name in names)


def _stream(scope: Scope, text: str) -> bool:
    job, slash, _ = text.partition("/")
    return scope.allows_job(job) if slash else scope.covers(job)


def _statistics(scope: Scope, params: Params) -> bool:
    dimensions, namespace = params.get("Dimensions", []), params.get("Namespace", "")
    if namespace == PIPELINES:
        pipelines = [entry["Value"] for entry in dimensions if entry["Name"] == PIPELINE]
        return bool(pipelines) and all(scope.allows_pipeline(name) for name in pipelines)
    dimension = DIMENSIONS.get(namespace, "Host")
    hosts = [entry["Value"] for entry in dimensions if entry["Name"] == dimension]
    return bool(hosts) and all(scope.allows_job(host.partition("/")[0]) for host in hosts)


def _metric_data(scope: Scope, params: Params) -> bool:
    """Checks the metrics that are named; a SEARCH finds only those of the key's jobs."""
    stats = [query["MetricStat"] for query in params["MetricDataQueries"] if "MetricStat" in query]
    return all(_statistics(scope, stat["Metric"]) for stat in stats)


def _parameters(scope: Scope, params: Params) -> bool:
    """A parameter belongs to the name that its path begins with: /churn/prod/role to churn."""
    keys = ("Name", "Path", "ResourceId")
    references = [*params.get("Names", []), *(params[key] for key in keys if key in params)]
    return all(scope.allows_model(parameter_owner(reference)) for reference in references)


def _rule(scope: Scope, params: Params) -> bool:
    return scope.allows_job(params.get("Rule") or params["Name"])


def _rule_targets(scope: Scope, params: Params) -> bool:
    return _rule(scope, params) and all(_target(scope, target) for target in params["Targets"])


def _rule_tags(scope: Scope, params: Params) -> bool:
    return scope.allows_job(rule_name(params["ResourceARN"]))


def _target(scope: Scope, target: Params) -> bool:
    return scope.allows_pipeline(pipeline_of(target["Arn"]))


def _schedule(scope: Scope, params: Params) -> bool:
    group = params.get("GroupName", DEFAULT_GROUP)
    return scope.allows_job(params["Name"]) and (group == DEFAULT_GROUP or scope.allows_job(group))


def _new_schedule(scope: Scope, params: Params) -> bool:
    return _schedule(scope, params) and _target(scope, params["Target"])


def _schedule_group(scope: Scope, params: Params) -> bool:
    return scope.allows_job(params["Name"])


def _schedule_group_tags(scope: Scope, params: Params) -> bool:
    return scope.allows_job(params["ResourceArn"].rpartition("/")[2])


def _dashboards(scope: Scope, params: Params) -> bool:
    names = params.get("DashboardNames", [params.get("DashboardName", "")])
    return all(scope.allows_job(name) for name in names)


def _stack(scope: Scope, params: Params) -> bool:
    """A request names a stack, by name or ARN, or else a change set by an ARN, which has no stack's name."""
    return "StackName" in params and scope.allows_job(_stack_name(params["StackName"]))


def _stacks(scope: Scope, params: Params) -> bool:
    """As `_stack`; without a name the operation shows the key's own stacks, or those of no stack at all."""
    return "StackName" not in params or _stack(scope, params)


def _stack_name(name_or_arn: str) -> str:
    return name_or_arn.split("/")[1] if name_or_arn.startswith("arn:") and "/" in name_or_arn else name_or_arn


_BY_RULE: dict[str, dict[Rule, tuple[str, ...]]] = {
    "s3": {
        _always: ("ListBuckets",),
        _object: (
            "AbortMultipartUpload", "CompleteMultipartUpload", "CreateMultipartUpload", "DeleteObject",
            "DeleteObjectTagging", "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectTagging", "HeadObject",
            "ListParts", "PutObject", "PutObjectAcl", "PutObjectTagging", "UploadPart",
        ),
        _copy: ("CopyObject", "UploadPartCopy"),
        _each_object: ("DeleteObjects",),
        _listing: ("ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"),
        _bucket: ("HeadBucket", "GetBucketLocation", "GetBucketVersioning"),
        _whole_bucket: (
            "CreateBucket", "DeleteBucket", "GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging",
            "GetBucketAccelerateConfiguration", "GetBucketAcl", "PutBucketAcl", "GetBucketCors", "GetBucketEncryption",
            "GetBucketLifecycleConfiguration", "GetBucketLogging", "GetBucketNotificationConfiguration",
            "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketReplication",
            "GetBucketRequestPayment", "GetBucketWebsite", "GetObjectLockConfiguration", "GetPublicAccessBlock",
        ),
    },
    "sagemaker": {
        _always: (
            "ListModelPackageGroups", "ListModels", "ListPipelines", "ListProcessingJobs", "ListTransformJobs",
        ),
        _new_model: ("CreateModel",),
        _model: ("DescribeModel", "DeleteModel"),
        _new_job: ("CreateTransformJob",),
        _job: ("DescribeTransformJob", "StopTransformJob"),
        _new_processing_job: ("CreateProcessingJob",),
        _processing_job: ("DescribeProcessingJob", "StopProcessingJob", "DeleteProcessingJob"),
        _resource: ("ListTags",),
        _changed_tags: ("AddTags", "DeleteTags"),
        _new_definition: ("CreatePipeline", "UpdatePipeline"),
        _pipeline: (
            "DeletePipeline", "DescribePipeline", "DescribePipelineDefinitionForExecution",
            "DescribePipelineExecution", "ListPipelineExecutionSteps", "ListPipelineExecutions",
            "ListPipelineParametersForExecution", "ListPipelineVersions", "RetryPipelineExecution",
            "StartPipelineExecution", "StopPipelineExecution", "UpdatePipelineExecution",
        ),
        _new_package: ("CreateModelPackage", "CreateModelPackageGroup"),
        _package: (
            "DescribeModelPackage", "DescribeModelPackageGroup", "DeleteModelPackage", "DeleteModelPackageGroup",
            "ListModelPackages",
        ),
        _described_packages: ("BatchDescribeModelPackage",),
        _changed_package: ("UpdateModelPackage",),
    },
    "logs": {
        _always: ("DescribeLogGroups",),
        _streams: ("DescribeLogStreams", "GetLogEvents", "FilterLogEvents", "DeleteLogStream"),
    },
    "cloudwatch": {
        _always: ("ListMetrics", "ListDashboards"),
        _dashboards: ("PutDashboard", "GetDashboard", "DeleteDashboards"),
        _metric_data: ("GetMetricData",),
        _statistics: ("GetMetricStatistics",),
    },
    "service-quotas": {
        _always: (
            "GetAWSDefaultServiceQuota", "GetServiceQuota", "ListAWSDefaultServiceQuotas", "ListServiceQuotas",
        ),
    },
    "sts": {_always: ("AssumeRole", "GetCallerIdentity")},
    "ssm": {
        _always: ("DescribeParameters",),
        _parameters: (
            "PutParameter", "GetParameter", "GetParameters", "GetParametersByPath", "DeleteParameter",
            "AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource",
        ),
    },
    "ecr": {_always: ("DescribeImages", "DescribeRepositories")},
    "events": {
        _always: ("ListRules", "ListRuleNamesByTarget"),
        _rule: (
            "PutRule", "DescribeRule", "EnableRule", "DisableRule", "DeleteRule", "ListTargetsByRule", "RemoveTargets",
        ),
        _rule_targets: ("PutTargets",),
        _rule_tags: ("TagResource", "UntagResource", "ListTagsForResource"),
    },
    "scheduler": {
        _always: ("ListSchedules", "ListScheduleGroups"),
        _new_schedule: ("CreateSchedule", "UpdateSchedule"),
        _schedule: ("GetSchedule", "DeleteSchedule"),
        _schedule_group: ("CreateScheduleGroup", "GetScheduleGroup", "DeleteScheduleGroup"),
        _schedule_group_tags: ("TagResource", "UntagResource", "ListTagsForResource"),
    },
    "cloudformation": {
        _always: ("ListStacks", "ValidateTemplate"),
        _stack: (
            "CreateStack", "UpdateStack", "DeleteStack", "DescribeStackEvents", "DescribeStackResource",
            "DescribeStackResources", "ListStackResources", "GetTemplate", "CreateChangeSet", "DescribeChangeSet",
            "ExecuteChangeSet", "DeleteChangeSet", "ListChangeSets",
        ),
        _stacks: ("DescribeStacks", "GetTemplateSummary"),
    },
}  # fmt: skip
_RULES: dict[tuple[str, str], Rule] = {
    (service, operation): rule
    for service, rules in _BY_RULE.items()
    for rule, operations in rules.items()
    for operation in operations
}
