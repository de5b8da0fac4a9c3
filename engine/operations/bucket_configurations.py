"""Configurations of buckets: those that are kept without effect, and those that no bucket here has.

Tools such as Terraform read all of them. A configuration with an effect that the engine lacks cannot be set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.objects import find_object
from engine.operations.s3_limits import no_acls
from engine.operations.table import operation

_Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Missing:
    """The error for a configuration that a bucket does not have."""

    code: str
    message: str

    def error(self, bucket: str) -> ServiceError:
        return ServiceError(self.code, self.message, 404, extra={"BucketName": bucket})


@dataclass(frozen=True, slots=True)
class _Setting:
    """A configuration that is kept. `member` has it in the request of its Put operation.

    `default` is that of a new bucket, `deleted` what a Get answers after a Delete. `in_payload` is set if an answer has
    the configuration as `member`, else its members are those of the answer.
    """

    member: str
    default: _Answer | _Missing
    deleted: _Answer | _Missing
    in_payload: bool = True


_NO_CORS = _Missing("NoSuchCORSConfiguration", "The CORS configuration does not exist")
_ENCRYPTION = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
}
#: The configurations that are kept, by the end of their operations' names, with the defaults of buckets since 2023.
_SETTINGS = {
    "BucketCors": _Setting("CORSConfiguration", _NO_CORS, _NO_CORS, in_payload=False),
    "BucketEncryption": _Setting("ServerSideEncryptionConfiguration", _ENCRYPTION, _ENCRYPTION),
    "BucketOwnershipControls": _Setting(
        "OwnershipControls",
        {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        _Missing("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    ),
    "PublicAccessBlock": _Setting(
        "PublicAccessBlockConfiguration",
        dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
        _Missing(
            "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"
        ),
    ),
}

_NO_POLICY = _Missing("NoSuchBucketPolicy", "The bucket policy does not exist")
#: What other Get operations answer for every bucket.
_FIXED: dict[str, _Answer | _Missing] = {
    "GetBucketAccelerateConfiguration": {},
    "GetBucketLifecycleConfiguration": _Missing(
        "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"
    ),
    "GetBucketLogging": {},
    "GetBucketNotificationConfiguration": {},
    "GetBucketPolicy": _NO_POLICY,
    "GetBucketPolicyStatus": _NO_POLICY,
    "GetBucketReplication": _Missing(
        "ReplicationConfigurationNotFoundError", "The replication configuration was not found"
    ),
    "GetBucketRequestPayment": {"Payer": "BucketOwner"},
    "GetBucketWebsite": _Missing(
        "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"
    ),
    "GetObjectLockConfiguration": _Missing(
        "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"
    ),
}


def _answer(bucket: str, answer: _Answer | _Missing) -> _Answer:
    if isinstance(answer, _Missing):
        raise answer.error(bucket)
    return dict(answer)


def _add_fixed(name: str, answer: _Answer | _Missing) -> None:
    @operation("s3", name)
    def get_fixed(ctx: Context, params: dict[str, Any]) -> _Answer:
        ctx.objects.check_bucket(params["Bucket"])
        return _answer(params["Bucket"], answer)


def _add_setting(kind: str, setting: _Setting) -> None:
    @operation("s3", f"Get{kind}")
    def get_configuration(ctx: Context, params: dict[str, Any]) -> _Answer:
        bucket = params["Bucket"]
        ctx.objects.check_bucket(bucket)
        stored = ctx.objects.bucket_configuration(bucket, kind)
        configuration = _answer(bucket, setting.default if stored is None else stored or setting.deleted)
        return {setting.member: configuration} if setting.in_payload else configuration

    @operation("s3", f"Put{kind}")
    def put_configuration(ctx: Context, params: dict[str, Any]) -> _Answer:
        ctx.objects.check_bucket(params["Bucket"])
        ctx.objects.set_bucket_configuration(params["Bucket"], kind, params[setting.member])
        return {}

    @operation("s3", f"Delete{kind}")
    def delete_configuration(ctx: Context, params: dict[str, Any]) -> _Answer:
        ctx.objects.check_bucket(params["Bucket"])
        ctx.objects.set_bucket_configuration(params["Bucket"], kind, {})
        return {"StatusCode": 204}


def _owners_acl(ctx: Context) -> _Answer:
    """The ACL of every bucket and object: ownership is enforced, so the owner alone has all rights."""
    grantee = {"Type": "CanonicalUser", **ctx.owner}
    return {"Owner": ctx.owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}


@operation("s3", "GetBucketAcl")
def get_bucket_acl(ctx: Context, params: dict[str, Any]) -> _Answer:
    """The ACL of a bucket."""
    ctx.objects.check_bucket(params["Bucket"])
    return _owners_acl(ctx)


@operation("s3", "PutBucketAcl")
def put_bucket_acl(ctx: Context, params: dict[str, Any]) -> _Answer:
    """Refused, as by every bucket that enforces its owner."""
    ctx.objects.check_bucket(params["Bucket"])
    raise no_acls()


@operation("s3", "GetObjectAcl")
def get_object_acl(ctx: Context, params: dict[str, Any]) -> _Answer:
    """The ACL of an object."""
    find_object(ctx, params)
    return _owners_acl(ctx)


@operation("s3", "PutObjectAcl")
def put_object_acl(ctx: Context, params: dict[str, Any]) -> _Answer:
    """Refused, as by every bucket that enforces its owner."""
    find_object(ctx, params)
    raise no_acls()


for _name, _fixed in _FIXED.items():
    _add_fixed(_name, _fixed)
for _kind, _setting in _SETTINGS.items():
    _add_setting(_kind, _setting)
