"""What the engine can do: one function an AWS operation, parameters in, a dict out or a ServiceError raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.operations import (
    buckets,
    copying,
    listing,
    log_deletes,
    logs,
    metrics,
    models,
    multipart,
    multipart_lists,
    object_tags,
    objects,
    package_groups,
    packages,
    quotas,
    sts,
    tags,
    transform_jobs,
)

#: An operation; it may be a coroutine function.
Operation = Callable[..., Any]

_S3: dict[str, Operation] = {
    "AbortMultipartUpload": multipart.abort_multipart_upload,
    "CompleteMultipartUpload": multipart.complete_multipart_upload,
    "CopyObject": copying.copy_object,
    "CreateBucket": buckets.create_bucket,
    "CreateMultipartUpload": multipart.create_multipart_upload,
    "DeleteBucket": buckets.delete_bucket,
    "DeleteBucketTagging": object_tags.delete_bucket_tagging,
    "DeleteObject": objects.delete_object,
    "DeleteObjectTagging": object_tags.delete_object_tagging,
    "DeleteObjects": objects.delete_objects,
    "GetBucketLocation": buckets.get_bucket_location,
    "GetBucketTagging": object_tags.get_bucket_tagging,
    "GetBucketVersioning": buckets.get_bucket_versioning,
    "GetObject": objects.get_object,
    "GetObjectAttributes": objects.get_object_attributes,
    "GetObjectTagging": object_tags.get_object_tagging,
    "HeadBucket": buckets.head_bucket,
    "HeadObject": objects.head_object,
    "ListBuckets": buckets.list_buckets,
    "ListMultipartUploads": multipart_lists.list_multipart_uploads,
    "ListObjectVersions": listing.list_object_versions,
    "ListObjects": listing.list_objects,
    "ListObjectsV2": listing.list_objects_v2,
    "ListParts": multipart_lists.list_parts,
    "PutBucketTagging": object_tags.put_bucket_tagging,
    "PutObject": objects.put_object,
    "PutObjectTagging": object_tags.put_object_tagging,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": multipart.upload_part_copy,
}

_SAGEMAKER: dict[str, Operation] = {
    "AddTags": tags.add_tags,
    "CreateModel": models.create_model,
    "CreateModelPackage": packages.create_package,
    "CreateModelPackageGroup": package_groups.create_group,
    "CreateTransformJob": transform_jobs.create_transform_job,
    "DeleteModel": models.delete_model,
    "DeleteModelPackage": packages.delete_package,
    "DeleteModelPackageGroup": package_groups.delete_group,
    "DeleteTags": tags.delete_tags,
    "DescribeModel": models.describe_model,
    "DescribeModelPackage": packages.describe_package,
    "DescribeModelPackageGroup": package_groups.describe_group,
    "DescribeTransformJob": transform_jobs.describe_transform_job,
    "ListModelPackageGroups": package_groups.list_groups,
    "ListModelPackages": packages.list_packages,
    "ListModels": models.list_models,
    "ListTags": tags.list_tags,
    "ListTransformJobs": transform_jobs.list_transform_jobs,
    "StopTransformJob": transform_jobs.stop_transform_job,
    "UpdateModelPackage": packages.update_package,
}

_LOGS: dict[str, Operation] = {
    "DeleteLogGroup": log_deletes.delete_log_group,
    "DeleteLogStream": log_deletes.delete_log_stream,
    "DeleteRetentionPolicy": log_deletes.delete_retention_policy,
    "DescribeLogGroups": logs.describe_log_groups,
    "DescribeLogStreams": logs.describe_log_streams,
    "FilterLogEvents": logs.filter_log_events,
    "GetLogEvents": logs.get_log_events,
    "PutRetentionPolicy": log_deletes.put_retention_policy,
}

_SERVICE_QUOTAS: dict[str, Operation] = {
    "GetAWSDefaultServiceQuota": quotas.get_default_quota,
    "GetServiceQuota": quotas.get_service_quota,
    "ListAWSDefaultServiceQuotas": quotas.list_default_quotas,
    "ListServiceQuotas": quotas.list_service_quotas,
}

_CLOUDWATCH: dict[str, Operation] = {
    "GetMetricData": metrics.get_metric_data,
    "GetMetricStatistics": metrics.get_metric_statistics,
    "ListMetrics": metrics.list_metrics,
}

_STS: dict[str, Operation] = {"AssumeRole": sts.assume_role, "GetCallerIdentity": sts.get_caller_identity}

#: (service by botocore's name, operation) -> the function that does it.
OPERATIONS: dict[tuple[str, str], Operation] = {
    (service, name): operation
    for service, operations in (
        ("s3", _S3),
        ("sagemaker", _SAGEMAKER),
        ("logs", _LOGS),
        ("cloudwatch", _CLOUDWATCH),
        ("service-quotas", _SERVICE_QUOTAS),
        ("sts", _STS),
    )
    for name, operation in operations.items()
}
