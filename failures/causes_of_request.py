"""Rules about the request and its resources: sizes, times, quotas, permissions, parameters."""

from __future__ import annotations

from failures import changes as try_
from failures.blame import FailureKind
from failures.cause import Cause

REQUEST_SIZE = (
    Cause(
        "payload-too-large",
        "A record or file is larger than one call may be",
        "MaxPayloadInMB bounds a call, and what is larger is never sent. Split files into lines if they hold many "
        "records; else allow more. Calls at once times MB may be 100 at most.",
        (r"is larger than MaxPayloadInMB allows", r"too much data for max payload", r"exceeds? (the )?max ?payload",
         r"An object that is filtered or joined whole may have"),
        try_.either(try_.split_lines, try_.larger_payload),
    ),
    Cause(
        "request-refused-as-too-large",
        "The container refuses calls of this size",
        "SageMaker sent the call, but the web server in the container has a limit of its own, so a higher "
        "MaxPayloadInMB alone does not help. Send less in a call, or raise the container's limit by a variable "
        "(TS_MAXREQUEST_SIZE for TorchServe, MAX_CONTENT_LENGTH for XGBoost, client_max_body_size for nginx).",
        (r"ClientError: 413", r"413 Request Entity Too Large", r"client intended to send too large body",
         r"Received message larger than max", r"RequestEntityTooLarge"),
        try_.either(try_.split_lines, try_.smaller_payload, try_.one_record),
    ),
    Cause(
        "answer-too-large",
        "The model's answer is larger than can be passed on",
        "Send fewer records in a call so that each answer is smaller, or raise the container's limit by a variable "
        "(TS_MAX_RESPONSE_SIZE for TorchServe, MMS_MAX_RESPONSE_SIZE for the multi model server).",
        (r"the answer has more than \d+ bytes", r"Message size exceed limit", r"TooLongFrameException"),
        try_.either(try_.smaller_payload, try_.one_record),
    ),
)  # fmt: skip

TIME = (
    Cause(
        "invocation-timeout",
        "The model took longer to answer than it was given",
        "Give each call more time, or send fewer records in one. Many retries multiply the wait.",
        (r"did not respond to /invocations request within \d+ seconds",),
        try_.either(try_.more_time, try_.smaller_payload, try_.one_record),
    ),
    Cause(
        "worker-timeout",
        "The web server in the container gave up on the model",
        "The limit is the container's own and under the job's: gunicorn ends a worker after 30 or 60 seconds, nginx "
        "answers 504. Send less in a call, or raise it by a variable (SAGEMAKER_MODEL_SERVER_TIMEOUT, "
        "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS).",
        (r"WORKER TIMEOUT", r"upstream timed out", r"504 Gateway Time-?out", r"Worker .*response timeout",
         r"received from algorithm: 504"),
        try_.either(try_.smaller_payload, try_.one_record, try_.split_lines),
    ),
)  # fmt: skip

RESOURCES = (
    Cause(
        "out-of-memory",
        "Memory ran out",
        "Take a larger instance, or send less at once: fewer calls at a time, smaller calls, one record a call.",
        (r"\bsignal 9\b", r"exit (status|code) 137", r"OutOfMemoryError", r"\bMemoryError\b", r"out of memory",
         r"use more than \d+ MiB of memory", r"Cannot allocate memory", r"std::bad_alloc",
         r"OOM when allocating", r"oom-?kill", r"ResourceExhaustedError"),
        try_.either(try_.larger_instance, try_.smaller_payload, try_.one_record),
    ),
    Cause(
        "disk-full",
        "The disk ran full",
        "A transform instance of SageMaker has 30 GB of disk. Make the model smaller, or take an instance type with "
        "disks of its own.",
        (r"No space left on device", r"\bENOSPC\b", r"hold more than \d+ MiB on disk", r"disk is nearly full"),
    ),
    Cause(
        "no-capacity",
        "The region had no such instance to spare",
        "Try again later or with another instance type. Fallback types and automatic retries do both.",
        propose=try_.other_instance,
        failure=FailureKind.CAPACITY,
    ),
    Cause(
        "quota",
        "The account's quota does not allow it",
        "Ask for a higher quota in Service Quotas, or take another instance type or fewer instances.",
        (r"account-level service limit", r"ResourceLimitExceeded"),
        try_.either(try_.fewer_instances, try_.other_instance),
    ),
)  # fmt: skip

ACCESS = (
    Cause(
        "role-not-assumed",
        "SageMaker may not use the model's role",
        "The role must exist and let sagemaker.amazonaws.com assume it. The role is the model's: register the model "
        "anew with another role.",
        (r"Could not assume role",),
    ),
    Cause(
        "no-input",
        "There is nothing under the input path",
        "Check bucket, prefix and region, and that the model's role may list the bucket (s3:ListBucket).",
        (r"No S3 objects found under S3 URL", r"There is no manifest at"),
    ),
    Cause(
        "model-data-missing",
        "The model's archive cannot be fetched or unpacked",
        "ModelDataUrl must name one complete .tar.gz in the same region that the model's role may read "
        "(s3:GetObject). Upload it again, or register the model anew.",
        (r"Failed to download model data", r"Could not access model data", r"There is no (model data|script archive)",
         r"The model archive", r"The (model data|script archive \(\w+\)): .* is not an S3 URI"),
    ),
    Cause(
        "kms-denied",
        "A KMS key may not be used",
        "Let the model's role use the key (kms:Decrypt, kms:GenerateDataKey, kms:CreateGrant), or leave the key out.",
        (r"kms:\w+.*(denied|not authorized)", r"KMS\.\w*Exception", r"(denied|not authorized).*\bkms:"),
        try_.either(try_.without("output_kms_key", "Encrypts outputs with the bucket's own key."),
                    try_.without("volume_kms_key", "Encrypts the volume with SageMaker's own key.")),
    ),
    Cause(
        "request-invalid",
        "SageMaker does not take a value of the request",
        "Its answer names the value and the field. Clone and edit the job, and give that field another value.",
        (r"validation errors? detected: Value",),
    ),
    Cause(
        "access-denied",
        "A permission is missing",
        "The message names the action and who lacks it. Jobs read and write with the model's role: it needs "
        "s3:GetObject and s3:ListBucket on the input and s3:PutObject on the output.",
        (r"AccessDenied", r"Access Denied", r"is not authorized to perform", r"UnauthorizedOperation"),
    ),
    Cause(
        "bucket-missing",
        "A bucket does not exist",
        "Create it in the connection's region, or correct the path.",
        (r"bucket \S+ does not exist", r"NoSuchBucket", r"The specified bucket does not exist"),
    ),
    Cause(
        "input-vanished",
        "An input object was gone when it was read",
        "Something removed or renamed it while the job ran. Submit the job again over what is there now.",
        (r"NoSuchKey", r"The specified key does not exist"),
    ),
)  # fmt: skip

REQUEST = (
    Cause(
        "bad-manifest",
        "The manifest cannot be read",
        "A manifest is one JSON array: first an object with a prefix, then names relative to it.",
        (r"manifest (is not JSON|must be a JSON array|has more than)", r"manifest's (first element|prefix)",
         r"Element \d+ of the manifest"),
    ),
    Cause(
        "outputs-collide",
        "Several inputs would have the same output",
        "End the input path in a slash, or list the objects in a manifest.",
        (r"input objects would have the same output",),
    ),
    Cause(
        "bad-filter",
        "A filter is not a JSONPath that SageMaker accepts",
        "Filters take names in single quotes, positions and one range: $['a','b'], $[0,2], $[1:3]. SageMaker refuses "
        "underscores in names.",
        (r"Invalid (In|Out)putFilter", r"Invalid JsonPath", r"Unexpected \".\" in JsonPath",
         r"It must be a JSONPath that starts with"),
        try_.other_filter,
    ),
    Cause(
        "filter-finds-nothing",
        "A filter asks for what a record does not have",
        "Columns count from 0, and a joined record has the model's answer behind the input's columns. A row that is "
        "shorter than the others fails its whole file.",
        (r"finds nothing: (there is no|the array has)",),
        try_.other_filter,
    ),
    Cause(
        "join-counts-differ",
        "The model's answer has another number of records than the input",
        "A join puts record beside record, so the model must answer each with exactly one line. A model that leaves "
        "lines out, or answers a list in one line, cannot be joined.",
        (r"Failed to join: the request has \d+ records", r"number of records.* (mismatch|do(es)? not match)"),
        try_.either(try_.one_record, try_.without("join_source", "Writes the model's answers as they are.")),
    ),
    Cause(
        "join-needs-type",
        "Filters and joins need types they can read",
        "With a filter or a join, ContentType and Accept must be the same of text/csv, application/json and "
        "application/jsonlines.",
        (r"DataProcessing: (ContentType|Accept) must be",),
        try_.either(try_.listed_type("accept", "Answers in a type that can be joined."),
                    try_.without("join_source", "Writes the model's answers as they are.")),
    ),
    Cause(
        "not-gzip",
        "The input is not gzip, or is damaged",
        "CompressionType Gzip is for inputs that all are gzip files. One that was cut short must be uploaded again.",
        (r"not valid Gzip", r"Not a gzipped file", r"gzip: invalid header"),
        try_.put("compression_type", "None", "Sends the files as they are."),
    ),
    Cause(
        "gzip-not-unpacked",
        "The model was sent compressed data",
        "The input is gzip and the job does not say so: set CompressionType to Gzip.",
        (r"can't decode byte 0x8b in position 1\b",),
        try_.put("compression_type", "Gzip", "Unpacks the files before they are split."),
    ),
    Cause(
        "record-damaged",
        "A record file is not what its split says",
        "SplitType RecordIO and TFRecord are for files of these formats, whole and undamaged.",
        (r"The (RecordIO|TFRecord) record at byte \d+ is not whole",),
        try_.put("split_type", "None", "Sends each file as it is, in one call."),
    ),
    Cause(
        "model-gone",
        "SageMaker has no such model",
        "It was deleted, or is in another account or region. Register it again under this connection.",
        (r"Could not find model ",),
    ),
    Cause(
        "model-not-for-batch",
        "Batch transform does not take models of this kind",
        "Batch transform reads one .tar.gz named by ModelDataUrl: pack the model so and register it anew.",
        (r"ModelDataSource attribute",),
    ),
    Cause(
        "image-cannot-run",
        "The container image cannot be run",
        "The image must exist in the region, and the role may pull it (ecr:BatchGetImage).",
        (r"has no runtime for image", r"CannotPullContainerError", r"exec format error",
         r"(image|repository) .*(does not exist|not found) in the registry",
         r"does not have image .* and cannot pull it", r"A container of image .* cannot be started"),
    ),
    Cause(
        "name-taken",
        "The name is taken by another job",
        "SageMaker never frees a name. Leave it out and one is made.",
        (r"is taken by another transform job", r"job names must be unique"),
    ),
)  # fmt: skip
