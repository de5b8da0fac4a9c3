"""Members' own keys to the engine: what boto3 may do with them, and when that ends."""

from __future__ import annotations

import os
import re
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from jobs.lifecycle import engine_keys
from jobs.models import Connection, EngineKey
from jobs.tasks import follow_engine_keys
from teams.models import Activity, KeyedRequest, Membership
from tests.cast import House
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db

PATH = "/data/engine/keys/"


@pytest.fixture
def bucket(real: House, engine: EngineProcess, settings: Any) -> str:
    settings.ENGINE_PUBLIC_URL = engine.url
    name = f"keys-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    engine.client("s3").put_object(Bucket=name, Key="in/a", Body=b"1")
    return name


def make(house: House, person: str = "bob", may: str = "write") -> Any:
    """A client of S3 with the exports that the page shows once."""
    client = house.page(person)
    answer = client.post(PATH, {"name": "laptop", "may": may})
    exports = dict(re.findall(r"export (\w+)=(\S+)", Page(answer).by_id("exports").text))
    assert exports["AWS_SECRET_ACCESS_KEY"] not in client.get(PATH).content.decode()
    return boto3.client(
        "s3",
        endpoint_url=exports["AWS_ENDPOINT_URL"],
        region_name=exports["AWS_DEFAULT_REGION"],
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_a_key_does_what_the_connection_may_until_it_is_revoked(real: House, bucket: str) -> None:
    s3 = make(real)
    s3.put_object(Bucket=bucket, Key="in/b", Body=b"2")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 2
    revoke = f"{PATH}{EngineKey.objects.get().key}/revoke/"
    assert "Revoke the key laptop" in Page(real.page("bob").get(revoke)).text
    assert real.page("bob").post(revoke).status_code == 302
    assert refusal(s3.list_objects_v2, Bucket=bucket) == "InvalidAccessKeyId"
    verbs = Activity.objects.filter(verb__startswith="engine_key").values_list("verb", flat=True)
    assert sorted(verbs) == ["engine_key.created", "engine_key.revoked"]


def test_a_key_that_only_reads_writes_nothing(real: House, bucket: str) -> None:
    s3 = make(real, may="read")
    assert s3.get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"1"
    assert refusal(s3.put_object, Bucket=bucket, Key="in/b", Body=b"") == "AccessDenied"
    assert refusal(s3.delete_object, Bucket=bucket, Key="in/a") == "AccessDenied"
    assert refusal(s3.create_bucket, Bucket=f"{bucket}-2") == "AccessDenied"


def test_a_key_narrows_with_its_connection(real: House, bucket: str) -> None:
    s3 = make(real)
    Connection.objects.update(allowed_places=[f"s3://{bucket}/in/"])
    follow_engine_keys()
    assert s3.get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"1"
    assert refusal(s3.put_object, Bucket=bucket, Key="out/b", Body=b"") == "AccessDenied"


@pytest.mark.parametrize("change", ["left", "viewer", "inactive"])
def test_a_key_ends_with_the_right_to_have_one(real: House, bucket: str, change: str) -> None:
    s3, member = make(real), Membership.objects.get(user=real.people["bob"])
    if change == "left":
        member.delete()
    elif change == "viewer":
        Membership.objects.filter(pk=member.pk).update(role="viewer")
    else:
        type(member.user).objects.filter(pk=member.user_id).update(is_active=False)
    follow_engine_keys()
    assert refusal(s3.list_objects_v2, Bucket=bucket) == "InvalidAccessKeyId"
    assert EngineKey.objects.get().revoked_at is not None


def test_only_its_owner_and_admins_revoke_a_key(real: House, bucket: str) -> None:
    make(real, "alice")
    revoke = f"{PATH}{EngineKey.objects.get().key}/revoke/"
    assert real.page("bob").post(revoke).status_code == 403
    assert real.page("vera").get(PATH).status_code == 403
    assert "laptop" not in Page(real.page("bob").get(PATH)).text
    assert real.page("alice").post(revoke).status_code == 302


def test_a_key_needs_a_name_and_the_own_engine(real: House) -> None:
    assert real.page("bob").post(PATH, {"name": " "}).status_code == 400
    Connection.objects.update(endpoint_url="http://127.0.0.1:9")
    assert real.page("bob").post(PATH, {"name": "laptop"}).status_code == 409
    assert not EngineKey.objects.exists()


def test_a_key_ends_with_the_person_and_team_it_was_made_for(real: House, bucket: str) -> None:
    s3 = make(real)
    row = EngineKey.objects.get()
    file = engine_keys.keys_folder() / row.file_name
    # As in Django's admin, which knows nothing of files.
    real.people["bob"].delete()
    follow_engine_keys()
    assert file.exists(), "a file just written may be of a row that is not committed yet"
    os.utime(file, (0, 0))
    follow_engine_keys()
    assert refusal(s3.list_objects_v2, Bucket=bucket) == "InvalidAccessKeyId"


def test_a_key_has_a_name_that_can_be_read(real: House) -> None:
    for name in ("a\u202eb", "a\u200bb", "a\nb", "x" * 81):
        assert real.page("bob").post(PATH, {"name": name}).status_code == 400


API = "/api/v1/connections/engine/engine-keys/"


def test_a_key_made_by_the_api_shows_its_secret_once_and_is_revoked(real: House, bucket: str) -> None:
    client, keyed = real.api("bob"), {"Idempotency-Key": "key"}
    body = {"name": "nightly", "reads_only": True}
    first, again = (client.post(API, body, "application/json", headers=keyed) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    secret = first.json()["secret_access_key"]
    assert again.json() == {**first.json(), "secret_access_key": None}
    assert not any(secret in str(row.answer) for row in KeyedRequest.objects.all())
    (listed,) = client.get(API).json()["results"]
    assert (listed["name"], listed["owner"], listed["reads_only"]) == ("nightly", "bob", True)
    assert secret not in str(listed)
    s3 = boto3.client(
        "s3",
        endpoint_url=first.json()["endpoint_url"],
        region_name=first.json()["region"],
        aws_access_key_id=first.json()["access_key_id"],
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    assert s3.get_object(Bucket=bucket, Key="in/a")["Body"].read() == b"1"
    assert client.delete(f"{API}{listed['id']}/").status_code == 204
    with pytest.raises(ClientError):
        s3.get_object(Bucket=bucket, Key="in/a")


def test_a_key_of_somebody_else_is_listed_and_revoked_by_admins_alone(real: House, bucket: str) -> None:
    key = real.api("alice").post(API, {"name": "hers"}, "application/json").json()["id"]
    assert real.api("bob").get(API).json()["results"] == []
    assert real.api("bob").delete(f"{API}{key}/").status_code == 403
    assert real.api("vera").post(API, {"name": "x"}, "application/json").status_code == 403
    wrong = real.api("bob").post(API, {"name": " "}, "application/json")
    assert (wrong.status_code, "name" in wrong.json()["error"]["fields"]) == (400, True)
    mine = real.api("bob").post(API, {"name": "his"}, "application/json").json()["id"]
    assert len(real.api("alice").get(API).json()["results"]) == 2
    assert real.api("alice").delete(f"{API}{mine}/").status_code == 204
