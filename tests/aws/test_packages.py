"""The model registry through aws.packages and aws.package_groups, on the real engine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from aws import OutOfScope, Rejected, Target, package_groups, packages
from aws.packages import NewVersion, NoSuchGroup, NoSuchVersion
from tests.engine.resources import STRANGE_IMAGE, model_data, unique
from tests.support.engine import REGION, EngineProcess
from transform.scope import Scope

CONTAINER = {"Image": STRANGE_IMAGE}


@pytest.fixture
def target(engine: EngineProcess) -> Target:
    return Target(REGION, engine.url, str(engine.data_dir / "credentials.json"))


@pytest.fixture
def group(target: Target) -> str:
    """The name of a group without versions."""
    name = unique("group")
    package_groups.create(target, name)
    return name


def new_version(target: Target, group: str, **more: Any) -> str:
    return packages.create(target, NewVersion(group, [CONTAINER], **more))


def test_a_group_is_created_once_described_and_deleted(target: Target, group: str) -> None:
    described = package_groups.describe(target, group)
    assert described is not None
    assert (described.name, described.status, described.description) == (group, "Completed", "")
    assert described.version_arn(3).endswith(f":model-package/{group}/3")
    with pytest.raises(package_groups.GroupNameTaken, match=group):
        package_groups.create(target, group)
    assert package_groups.delete(target, group) is True
    assert package_groups.delete(target, group) is False
    assert package_groups.describe(target, group) is None


def test_a_group_with_versions_cannot_be_deleted(target: Target, group: str) -> None:
    new_version(target, group)
    with pytest.raises(package_groups.GroupHasVersions, match="delete them first"):
        package_groups.delete(target, group)


def test_groups_are_listed_newest_first_in_pages(target: Target) -> None:
    mark = unique("paged")
    for letter in "abcde":
        package_groups.create(target, f"{mark}-{letter}", description=letter, tags={"team": "x"})
    names, token = [], ""
    while True:
        page = package_groups.list_page(target, name_contains=mark, token=token, limit=2)
        names += [row.name for row in page.groups]
        token = page.next
        if not token:
            break
    assert names == [f"{mark}-{letter}" for letter in "edcba"]


def test_a_version_comes_back_as_it_was_given(target: Target, group: str, engine: EngineProcess) -> None:
    container = {"Image": STRANGE_IMAGE, "ModelDataUrl": model_data(engine), "Environment": {"A": "1"}}
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/q.json"}}}
    arn = packages.create(
        target,
        NewVersion(
            group,
            [container],
            content_types=["text/csv"],
            response_types=["application/json"],
            transform_instance_types=["ml.m5.large"],
            description="Trained on May",
            metrics=metrics,
            custom={"auc": "0.91"},
            source_uri="s3://b/source",
        ),
    )
    version = packages.describe(target, arn)
    assert version is not None
    assert (version.group, version.number, version.arn) == (group, 1, arn)
    assert version.containers == (container,)
    assert (version.status, version.approval) == ("Completed", "PendingManualApproval")
    assert version.content_types == ("text/csv",)
    assert version.response_types == ("application/json",)
    assert version.transform_instance_types == ("ml.m5.large",)
    assert (version.description, version.source_uri) == ("Trained on May", "s3://b/source")
    assert (version.metrics, version.custom) == (metrics, {"auc": "0.91"})
    described_group = package_groups.describe(target, group)
    assert described_group is not None
    assert described_group.version_arn(1) == arn


def test_a_request_repeated_with_its_token_makes_one_version(target: Target, group: str) -> None:
    arns = {new_version(target, group, client_token="once") for _ in range(2)}
    assert len(arns) == 1


def test_versions_are_listed_newest_first_in_pages_and_by_approval(target: Target, group: str) -> None:
    arns = [new_version(target, group, description=str(number)) for number in range(1, 6)]
    packages.set_approval(target, arns[1], "Approved", "Good")
    numbers, token = [], ""
    while True:
        page = packages.list_page(target, group, token=token, limit=2)
        numbers += [(row.number, row.description) for row in page.versions]
        token = page.next
        if not token:
            break
    assert numbers == [(number, str(number)) for number in (5, 4, 3, 2, 1)]
    approved = packages.list_page(target, group, approval="Approved")
    assert [row.arn for row in approved.versions] == [arns[1]]


def test_the_newest_approved_version_follows_each_approval(target: Target, group: str) -> None:
    assert packages.newest_approved(target, group) is None
    arns = [new_version(target, group) for _ in range(3)]
    for arn in arns:
        packages.set_approval(target, arn, "Approved")
    packages.set_approval(target, arns[2], "Rejected", "Drifts")
    newest = packages.newest_approved(target, group)
    assert newest is not None
    assert newest.arn == arns[1]
    rejected = packages.describe(target, arns[2])
    assert rejected is not None
    assert (rejected.approval, rejected.approval_description) == ("Rejected", "Drifts")


def test_metadata_is_put_and_removed(target: Target, group: str) -> None:
    arn = new_version(target, group, custom={"a": "1", "b": "2"})
    packages.change_metadata(target, arn, put={"b": "3", "c": "4"}, remove=["a"])
    version = packages.describe(target, arn)
    assert version is not None
    assert version.custom == {"b": "3", "c": "4"}


def test_what_is_not_there_is_said_by_type(target: Target, group: str) -> None:
    missing = unique("none")
    arn = new_version(target, group)
    assert packages.delete(target, arn) is True
    assert packages.delete(target, arn) is False
    assert packages.describe(target, arn) is None
    with pytest.raises(NoSuchVersion):
        packages.set_approval(target, arn, "Approved")
    for call in (
        lambda: packages.list_page(target, missing),
        lambda: packages.newest_approved(target, missing),
        lambda: new_version(target, missing),
    ):
        with pytest.raises(NoSuchGroup, match=missing):
            call()


def test_an_archive_that_does_not_exist_is_rejected_with_the_services_text(
    target: Target, group: str
) -> None:
    container = {"Image": STRANGE_IMAGE, "ModelDataUrl": "s3://no-such-bucket-here/model.tar.gz"}
    with pytest.raises(Rejected, match="no-such-bucket-here"):
        packages.create(target, NewVersion(group, [container]))


def test_a_scoped_target_sees_its_own_groups_alone(target: Target) -> None:
    mark = unique("scoped")
    for name in (f"{mark}-own", f"x-{mark}"):
        package_groups.create(target, name)
    arn = new_version(target, f"x-{mark}")
    narrow = Target(
        target.region,
        target.endpoint_url,
        target.credentials_file,
        scope=Scope.parse(["s3://b-1/own/"], [f"{mark}-*"]),
    )
    page = package_groups.list_page(narrow, name_contains=mark)
    assert [row.name for row in page.groups] == [f"{mark}-own"]
    new_version(narrow, f"{mark}-own")
    elsewhere = {"Image": STRANGE_IMAGE, "ModelDataUrl": "s3://b-1/others/model.tar.gz"}
    for call in (
        lambda: package_groups.describe(narrow, f"x-{mark}"),
        lambda: package_groups.delete(narrow, f"x-{mark}"),
        lambda: package_groups.create(narrow, f"y-{mark}"),
        lambda: packages.list_page(narrow, f"x-{mark}"),
        lambda: packages.describe(narrow, arn),
        lambda: packages.set_approval(narrow, arn, "Approved"),
        lambda: packages.change_metadata(narrow, arn, put={"a": "1"}),
        lambda: packages.delete(narrow, arn),
        lambda: packages.create(narrow, NewVersion(f"{mark}-own", [elsewhere])),
    ):
        with pytest.raises(OutOfScope):
            call()
    assert packages.describe(target, arn) is not None


class Listing(BaseHTTPRequestHandler):
    """ListModelPackages of a group whose newest approved version failed, a version for each page."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        failed = "NextToken" not in request
        number = 2 if failed else 1
        row = {
            "ModelPackageGroupName": "g",
            "ModelPackageVersion": number,
            "ModelPackageArn": f"arn:aws:sagemaker:us-east-1:123456789012:model-package/g/{number}",
            "CreationTime": 1700000000,
            "ModelPackageStatus": "Failed" if failed else "Completed",
            "ModelApprovalStatus": "Approved",
        }
        body = json.dumps(
            {"ModelPackageSummaryList": [row], **({"NextToken": "t"} if failed else {})}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def test_an_approved_version_that_failed_is_not_the_newest(engine_keys: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Listing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = Target(REGION, f"http://127.0.0.1:{server.server_port}", str(engine_keys))
        newest = packages.newest_approved(target, "g")
        server.shutdown()
    assert newest is not None
    assert newest.number == 1
