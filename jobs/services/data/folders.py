"""New buckets and folders."""

from __future__ import annotations

from aws import objects
from jobs.models import Connection
from jobs.services.data.places import calls_to_place, split_uri
from jobs.services.errors import InvalidFields, NotPossible
from teams import activity
from teams.models import ApiToken, User
from transform.object_names import check_bucket, clean_key


def make_bucket(connection: Connection, name: str, *, by: User, token: ApiToken | None = None) -> str:
    """Create a bucket on an engine and return its address.

    Raises InvalidFields for its name, NotPossible on AWS, where buckets need settings that people decide there.
    """
    if not connection.is_engine:
        raise NotPossible("Buckets on AWS are made in the AWS console, where their settings are decided.")
    try:
        check_bucket(name)
    except ValueError as error:
        raise InvalidFields({"name": [str(error)]}) from error
    with calls_to_place(connection, name, "", needs="s3:CreateBucket") as target:
        if any(bucket.name == name for bucket in objects.buckets(target)):
            raise InvalidFields({"name": [f"There is a bucket {name} already."]})
        objects.make_bucket(target, name)
    activity.record(connection.team, by, "bucket.created", connection, label=f"s3://{name}/", token=token)
    return f"s3://{name}/"


def make_folder(
    connection: Connection, uri: str, name: str, *, by: User, token: ApiToken | None = None
) -> str:
    """Create a folder below the address: an empty object whose key ends in a slash. Returns its address.

    A folder that is there already stays as it is. Raises InvalidFields, NotPossible, Unavailable.
    """
    bucket, prefix = split_uri(uri)
    folder = prefix[: prefix.rfind("/") + 1]
    try:
        clean_key(name.strip("/"))
        key = clean_key(f"{folder}{name.strip('/')}/")
    except ValueError as error:
        raise InvalidFields({"name": [str(error)]}) from error
    with calls_to_place(connection, bucket, key, needs="s3:PutObject") as target:
        objects.put(target, bucket, key, b"")
    new_uri = f"s3://{bucket}/{key}"
    activity.record(connection.team, by, "folder.created", connection, label=new_uri, token=token)
    return new_uri
