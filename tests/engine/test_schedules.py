"""EventBridge Scheduler through boto3: what schedules and groups hold, what is refused, what a team may do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess

PIPELINE = "arn:aws:sagemaker:us-east-1:000000000000:pipeline"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def scheduler(engine: EngineProcess) -> Any:
    return engine.client("scheduler")


def request(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": "cron(0 9 ? * MON-FRI *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": f"{PIPELINE}/p", "RoleArn": ROLE},
        **changes,
    }


def refusal(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """Status, code and message of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def test_a_schedule_is_described_replaced_and_deleted(scheduler: Any) -> None:
    name = unique("schedule")
    start, end = (NOW + DAY).replace(microsecond=0), (NOW + 9 * DAY).replace(microsecond=0)
    arn = scheduler.create_schedule(
        **request(name, StartDate=start, EndDate=end, Description="Each morning.")
    )
    assert arn["ScheduleArn"] == f"arn:aws:scheduler:us-east-1:000000000000:schedule/default/{name}"
    row = scheduler.get_schedule(Name=name)
    assert (row["StartDate"], row["EndDate"], row["State"]) == (start, end, "ENABLED")
    assert row["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    assert (row["ActionAfterCompletion"], row["GroupName"]) == ("NONE", "default")
    assert refusal(scheduler.create_schedule, **request(name))[:2] == (409, "ConflictException")
    scheduler.update_schedule(**request(name, State="DISABLED"))
    row = scheduler.get_schedule(Name=name)
    assert (row["State"], "StartDate" in row, "Description" in row) == ("DISABLED", False, False)
    scheduler.delete_schedule(Name=name)
    for call in (scheduler.get_schedule, scheduler.delete_schedule):
        assert refusal(call, Name=name) == (
            404,
            "ResourceNotFoundException",
            f"Schedule {name} does not exist.",
        )
    assert refusal(scheduler.update_schedule, **request(name))[1] == "ResourceNotFoundException"


def test_groups_hold_schedules_of_their_own(scheduler: Any) -> None:
    group, name = unique("group"), unique("schedule")
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    assert refusal(scheduler.create_schedule_group, Name=group)[:2] == (409, "ConflictException")
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a", "c"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    for number in range(3):
        scheduler.create_schedule(**request(f"{name}-{number}", GroupName=group))
    scheduler.create_schedule(**request(f"{name}-0"))
    pages = scheduler.get_paginator("list_schedules").paginate(
        GroupName=group, NamePrefix=name, PaginationConfig={"PageSize": 2}
    )
    assert [[row["Name"][-1] for row in page["Schedules"]] for page in pages] == [["0", "1"], ["2"]]
    assert len(scheduler.list_schedules(NamePrefix=name)["Schedules"]) == 4
    assert scheduler.list_schedules(NamePrefix=name, State="DISABLED")["Schedules"] == []
    names = [row["Name"] for row in scheduler.list_schedule_groups()["ScheduleGroups"]]
    assert {"default", group} <= set(names)
    assert scheduler.get_schedule_group(Name="default")["State"] == "ACTIVE"
    scheduler.delete_schedule_group(Name=group)
    assert refusal(scheduler.list_schedules, GroupName=group)[:2] == (404, "ResourceNotFoundException")
    assert [row["GroupName"] for row in scheduler.list_schedules(NamePrefix=name)["Schedules"]] == ["default"]
    assert refusal(scheduler.delete_schedule_group, Name="default")[1] == "ValidationException"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"ScheduleExpression": "rate(1 days)"},
            "Invalid Schedule Expression rate(1 days). A rate cannot be '1 days'",
        ),
        ({"ScheduleExpressionTimezone": "Europe/Nowhere"}, "'Europe/Nowhere'"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes is required"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "is not allowed"),
        ({"StartDate": NOW - DAY}, "StartDate you specify cannot be earlier"),
        ({"EndDate": NOW - DAY}, "EndDate you specify must come after the current time"),
        ({"StartDate": NOW + 2 * DAY, "EndDate": NOW + DAY}, "after the StartDate"),
        ({"Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": ROLE}}, "pipelines alone"),
        ({"Target": {"Arn": f"{PIPELINE}/p", "RoleArn": ROLE, "Input": "{}"}}, "has no Input"),
        (
            {"Target": {"Arn": f"{PIPELINE}/p", "RoleArn": "me"}},
            "'target.roleArn' failed to satisfy constraint",
        ),
        ({"KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, "KmsKeyArn"),
    ],
)
def test_a_bad_schedule_is_refused(scheduler: Any, changes: dict[str, Any], words: str) -> None:
    name = unique("bad")
    status, code, message = refusal(scheduler.create_schedule, **request(name, **changes))
    assert (status, code, words in message) == (400, "ValidationException", True), message
    assert scheduler.list_schedules(NamePrefix=name)["Schedules"] == []


def test_an_unknown_group_is_named(scheduler: Any) -> None:
    status, code, message = refusal(scheduler.create_schedule, **request("x", GroupName="absent"))
    assert (status, code, message) == (
        404,
        "ResourceNotFoundException",
        "Schedule group absent does not exist.",
    )


def test_a_team_has_schedules_of_its_names_for_pipelines_of_its_names(
    engine: EngineProcess, scheduler: Any
) -> None:
    team, foreign_name = unique("team"), unique("others")
    make_key(engine, team, "--s3", f"s3://{team}/", "--names", f"{team}*")
    ours = client_of(engine, team)("scheduler")
    scheduler.create_schedule_group(Name=foreign_name)
    scheduler.create_schedule(**request(foreign_name))
    own = {"Arn": f"{PIPELINE}/{team}-pipeline", "RoleArn": ROLE}
    ours.create_schedule(**request(f"{team}-daily", Target=own))
    assert [row["Name"] for row in ours.list_schedules()["Schedules"]] == [f"{team}-daily"]
    assert [row["Name"] for row in ours.list_schedule_groups()["ScheduleGroups"]] == ["default"]
    for changes in (
        {"Name": foreign_name, "Target": own},
        {"Name": f"{team}-2"},
        {"Name": f"{team}-2", "Target": own, "GroupName": foreign_name},
    ):
        with denied():
            ours.create_schedule(**request("x", **changes))
    with denied():
        ours.get_schedule(Name=foreign_name)
    with denied():
        ours.delete_schedule(Name=foreign_name)
    with denied():
        ours.delete_schedule_group(Name=foreign_name)
    with denied():
        ours.list_tags_for_resource(ResourceArn=scheduler.get_schedule_group(Name=foreign_name)["Arn"])
