"""EventBridge rules through boto3: what they hold, what is refused, what a team may do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE, refused, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess

PIPELINE = "arn:aws:sagemaker:us-east-1:000000000000:pipeline"


@pytest.fixture
def events(engine: EngineProcess) -> Any:
    return engine.client("events")


def target(pipeline: str, **changes: Any) -> dict[str, Any]:
    parameters = [{"Name": "InputDataUrl", "Value": "s3://b/k"}]
    return {
        "Id": "run",
        "Arn": f"{PIPELINE}/{pipeline}",
        "RoleArn": ROLE,
        "SageMakerPipelineParameters": {"PipelineParameterList": parameters},
        **changes,
    }


def test_a_rule_is_described_changed_switched_and_deleted(events: Any) -> None:
    name, pipeline = unique("rule"), unique("pipeline")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=[{"Key": "a", "Value": "1"}])[
        "RuleArn"
    ]
    assert arn == f"arn:aws:events:us-east-1:000000000000:rule/{name}"
    described = events.describe_rule(Name=name)
    assert (described["State"], described["EventBusName"]) == ("ENABLED", "default")
    events.put_targets(Rule=name, Targets=[target(pipeline)])
    assert events.list_targets_by_rule(Rule=name)["Targets"] == [target(pipeline)]
    upper = f"{PIPELINE}/{pipeline.upper()}"
    assert events.list_rule_names_by_target(TargetArn=upper)["RuleNames"] == [name]
    events.disable_rule(Name=name)
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    events.enable_rule(Name=name)
    events.put_rule(Name=name, ScheduleExpression="cron(0 9 ? * MON-FRI *)", Description="Each morning.")
    described = events.describe_rule(Name=name)
    assert (described["Description"], described["State"]) == ("Each morning.", "ENABLED")
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    with refused("ValidationException", "Rule can't be deleted since it has targets."):
        events.delete_rule(Name=name)
    removed = events.remove_targets(Rule=name, Ids=["run", "absent"])
    assert [entry["TargetId"] for entry in removed["FailedEntries"]] == ["absent"]
    events.delete_rule(Name=name)
    events.delete_rule(Name=name)
    with refused("ResourceNotFoundException", name):
        events.describe_rule(Name=name)


def test_rules_are_listed_in_pages(events: Any) -> None:
    prefix = unique("listed")
    for number in range(3):
        events.put_rule(Name=f"{prefix}-{number}", ScheduleExpression="rate(2 hours)", State="DISABLED")
    first = events.list_rules(NamePrefix=prefix, Limit=2)
    second = events.list_rules(NamePrefix=prefix, Limit=2, NextToken=first["NextToken"])
    names = [row["Name"] for answer in (first, second) for row in answer["Rules"]]
    assert names == [f"{prefix}-{number}" for number in range(3)]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ScheduleExpression": "rate(1 days)"}, "the unit is day after 1"),
        ({"ScheduleExpression": "at(2027-01-01T00:00:00)"}, "rate(1 day), cron(0 9 ? * MON-FRI *)."),
        ({"ScheduleExpression": "cron(0 9 * * * *)"}, "must be '?'"),
        ({"EventPattern": "{}"}, "EventPattern is not supported"),
        ({"State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}, "needs an EventPattern"),
    ],
)
def test_a_bad_rule_is_refused(events: Any, changes: dict[str, Any], words: str) -> None:
    name = unique("bad")
    with refused("ValidationException", words):
        events.put_rule(**{"Name": name, "ScheduleExpression": "rate(1 day)", **changes})
    assert events.list_rules(NamePrefix=name)["Rules"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}, "invokes SageMaker pipelines alone"),
        ({"Arn": "arn:aws:sagemaker:eu-west-1:000000000000:pipeline/p"}, "is not in the region us-east-1"),
        ({"Input": "{}"}, "has no Input"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}}, "has no DeadLetterConfig"),
        (
            {"SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "a", "Value": "1"}] * 2}},
            "the parameter 'a' twice",
        ),
    ],
)
def test_a_bad_target_is_refused_with_all_others(events: Any, changes: dict[str, Any], words: str) -> None:
    name = unique("rule")
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    with refused("ValidationException", words):
        events.put_targets(Rule=name, Targets=[target("p"), target("p", Id="bad", **changes)])
    assert events.list_targets_by_rule(Rule=name)["Targets"] == []


def test_there_is_one_bus(events: Any) -> None:
    with refused("ResourceNotFoundException", "Event bus mine"):
        events.put_rule(Name="x", ScheduleExpression="rate(1 day)", EventBusName="mine")


def test_a_team_has_rules_of_its_names_for_pipelines_of_its_names(engine: EngineProcess, events: Any) -> None:
    team, foreign_name = unique("team"), unique("others")
    make_key(engine, team, "--s3", f"s3://{team}/", "--names", f"{team}*")
    ours = client_of(engine, team)("events")
    events.put_rule(Name=foreign_name, ScheduleExpression="rate(1 day)")
    ours.put_rule(Name=f"{team}-daily", ScheduleExpression="rate(1 day)")
    ours.put_targets(Rule=f"{team}-daily", Targets=[target(f"{team.upper()}-pipeline")])
    assert [row["Name"] for row in ours.list_rules()["Rules"]] == [f"{team}-daily"]
    with denied():
        ours.put_targets(Rule=f"{team}-daily", Targets=[target(foreign_name)])
    for call, member in (
        (ours.describe_rule, "Name"),
        (ours.disable_rule, "Name"),
        (ours.delete_rule, "Name"),
        (ours.list_targets_by_rule, "Rule"),
    ):
        with denied():
            call(**{member: foreign_name})
    with denied():
        ours.put_rule(Name=foreign_name, ScheduleExpression="rate(1 day)")
    with denied():
        ours.put_targets(Rule=foreign_name, Targets=[target(f"{team}-pipeline")])
    with pytest.raises(ClientError, match="not authorized to perform: events:TagResource"):
        ours.tag_resource(
            ResourceARN=events.describe_rule(Name=foreign_name)["Arn"], Tags=[{"Key": "a", "Value": "b"}]
        )
