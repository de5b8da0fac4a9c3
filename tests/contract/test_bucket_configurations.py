"""Configurations of buckets as Terraform and the CDK read and write them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.s3 import new_bucket, refused
from tests.support.engine import EngineProcess

CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 30}]}
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": False,
}


@pytest.fixture
def s3(engine: EngineProcess) -> Any:
    return engine.client("s3")


@pytest.fixture
def bucket(engine: EngineProcess) -> str:
    return new_bucket(engine)


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_what_a_new_bucket_does_not_have_has_its_own_error(
    s3: Any, bucket: str, method: str, code: str
) -> None:
    with refused(404, code):
        getattr(s3, method)(Bucket=bucket)
    with refused(404, "NoSuchBucket"):
        getattr(s3, method)(Bucket=f"{bucket}-never")


def test_a_new_bucket_has_the_defaults_of_s3(s3: Any, bucket: str) -> None:
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(BLOCK, True)


def test_what_is_set_is_given_back_until_it_is_deleted(s3: Any, bucket: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == CORS["CORSRules"]
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCK)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == BLOCK
    s3.delete_bucket_cors(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    with refused(404, "NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket)
    with refused(404, "NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=bucket)


def test_a_bucket_of_the_same_name_begins_anew(s3: Any, bucket: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused(404, "NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket)


def test_bucket_and_object_belong_to_the_owner_alone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    owner = s3.list_buckets()["Owner"]["ID"]
    grants = [{"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]
    for acl in (s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="k")):
        assert (acl["Owner"], acl["Grants"]) == ({"ID": owner}, grants)
    with refused(404, "NoSuchKey"):
        s3.get_object_acl(Bucket=bucket, Key="none")


def test_no_acl_can_be_set(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    acl = s3.get_bucket_acl(Bucket=bucket)
    policy = {"Owner": acl["Owner"], "Grants": acl["Grants"]}
    with refused(400, "AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, ACL="private")
    with refused(400, "AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy=policy)
    with refused(400, "AccessControlListNotSupported"):
        s3.put_object_acl(Bucket=bucket, Key="k", AccessControlPolicy=policy)


def test_a_configuration_that_would_have_no_effect_is_refused_by_name(s3: Any, bucket: str) -> None:
    with refused(501, "NotImplemented"):
        s3.put_bucket_policy(Bucket=bucket, Policy='{"Version": "2012-10-17", "Statement": []}')
    with refused(501, "NotImplemented"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
