"""What the engine can do: one function an AWS operation, parameters in, a dict out or a ServiceError raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.operations import buckets, listing, logs, models, multipart, objects, sts, tags, transform_jobs

#: An operation; it may be a coroutine function.
Operation = Callable[..., Any]

_S3: dict[str, Operation] = {
    "AbortMultipartUpload": multipart.abort_multipart_upload,
    "CompleteMultipartUpload": multipart.complete_multipart_upload,
    "CopyObject": objects.copy_object,
    "CreateBucket": buckets.create_bucket,
    "CreateMultipartUpload": multipart.create_multipart_upload,
    "DeleteBucket": buckets.delete_bucket,
    "DeleteObject": objects.delete_object,
    "DeleteObjectTagging": objects.delete_object_tagging,
    "DeleteObjects": objects.delete_objects,
    "GetBucketLocation": buckets.get_bucket_location,
    "GetBucketVersioning": buckets.get_bucket_versioning,
    "GetObject": objects.get_object,
    "GetObjectTagging": objects.get_object_tagging,
    "HeadBucket": buckets.head_bucket,
    "HeadObject": objects.head_object,
    "ListBuckets": buckets.list_buckets,
    "ListMultipartUploads": multipart.list_multipart_uploads,
    "ListObjects": listing.list_objects,
    "ListObjectsV2": listing.list_objects_v2,
    "ListParts": multipart.list_parts,
    "PutObject": objects.put_object,
    "PutObjectTagging": objects.put_object_tagging,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": multipart.upload_part_copy,
}

_SAGEMAKER: dict[str, Operation] = {
    "AddTags": tags.add_tags,
    "CreateModel": models.create_model,
    "CreateTransformJob": transform_jobs.create_transform_job,
    "DeleteModel": models.delete_model,
    "DeleteTags": tags.delete_tags,
    "DescribeModel": models.describe_model,
    "DescribeTransformJob": transform_jobs.describe_transform_job,
    "ListModels": models.list_models,
    "ListTags": tags.list_tags,
    "ListTransformJobs": transform_jobs.list_transform_jobs,
    "StopTransformJob": transform_jobs.stop_transform_job,
}

_LOGS: dict[str, Operation] = {
    "DescribeLogGroups": logs.describe_log_groups,
    "DescribeLogStreams": logs.describe_log_streams,
    "FilterLogEvents": logs.filter_log_events,
    "GetLogEvents": logs.get_log_events,
}

_STS: dict[str, Operation] = {"AssumeRole": sts.assume_role, "GetCallerIdentity": sts.get_caller_identity}

#: (service by botocore's name, operation) -> the function that does it.
OPERATIONS: dict[tuple[str, str], Operation] = {
    (service, name): operation
    for service, operations in (("s3", _S3), ("sagemaker", _SAGEMAKER), ("logs", _LOGS), ("sts", _STS))
    for name, operation in operations.items()
}
