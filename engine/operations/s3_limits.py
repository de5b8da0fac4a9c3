"""Members of S3 requests that this store does not support. They are refused, not ignored."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError

_UNSUPPORTED = (
    "SSECustomerAlgorithm",
    "CopySourceSSECustomerAlgorithm",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus",
    "ObjectLockEventHold",
    "ObjectLockEnabledForBucket",
    "WriteOffsetBytes",
    "MFA",
)
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
#: ACLs without effect, which a bucket with S3's default "bucket owner enforced" accepts too.
_HARMLESS_ACLS = ("private", "bucket-owner-full-control")


def check_supported(params: dict[str, Any], account_id: str) -> None:
    """Raises NotImplemented, AccessControlListNotSupported, or AccessDenied for another expected owner."""
    for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
        if params.get(name, account_id) != account_id:
            raise ServiceError("AccessDenied", "Access Denied", status=403)
    for name in _UNSUPPORTED:
        if params.get(name):
            raise ServiceError(
                "NotImplemented", f"The embedded engine does not implement {name}.", status=501
            )
    if params.get("ACL", "private") not in _HARMLESS_ACLS or any(name in params for name in _GRANTS):
        raise no_acls()


def no_acls() -> ServiceError:
    """S3's error of a bucket that enforces its owner."""
    return ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")
