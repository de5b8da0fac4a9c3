"""CloudFormation's stacks through boto3: created, changed, rolled back, deleted, and gone on with after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.engine.resources import ROLE, STRANGE_IMAGE, model_data, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess
from tests.support.polling import until

DEFINITION = json.dumps(
    {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": [{"Name": "ModelName", "Type": "String"}],
        "Steps": [
            {"Name": "End", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.ModelName"}}}
        ],
    }
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine of its own, for it is killed."""
    process = EngineProcess(tmp_path_factory.mktemp("stacks")).start()
    yield process
    process.stop()


@pytest.fixture
def cloudformation(engine: EngineProcess) -> Any:
    return engine.client("cloudformation")


def template(engine: EngineProcess, **changes: Any) -> dict[str, Any]:
    """The kinds of resources of a stage of a deployment."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A stage.",
        "Parameters": {
            "Schedule": {"Type": "String", "Default": "1 day", "MinLength": 1},
            "Data": {"Type": "String", "Default": model_data(engine)},
        },
        "Resources": {
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "Name": {"Fn::Sub": "${AWS::StackName}-rule"},
                    "ScheduleExpression": {"Fn::Sub": "rate(${Schedule})"},
                    "State": "ENABLED",
                    "Targets": [
                        {
                            "Id": "pipeline",
                            "Arn": {
                                "Fn::Sub": "arn:aws:sagemaker:${AWS::Region}:${AWS::AccountId}:pipeline/${Pipeline}"
                            },
                            "RoleArn": ROLE,
                            "SageMakerPipelineParameters": {
                                "PipelineParameterList": [
                                    {"Name": "ModelName", "Value": {"Fn::GetAtt": ["Model", "ModelName"]}}
                                ]
                            },
                        }
                    ],
                },
            },
            "Pipeline": {
                "Type": "AWS::SageMaker::Pipeline",
                "Properties": {
                    "PipelineName": {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "pipeline"]]},
                    "RoleArn": ROLE,
                    "PipelineDefinition": {"PipelineDefinitionBody": DEFINITION},
                },
            },
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ExecutionRoleArn": ROLE,
                    "PrimaryContainer": {"Image": STRANGE_IMAGE, "ModelDataUrl": {"Ref": "Data"}},
                },
            },
        },
        "Outputs": {
            "ModelName": {"Value": {"Fn::GetAtt": "Model.ModelName"}, "Description": "The model."},
            "RuleArn": {"Value": {"Fn::GetAtt": "Rule.Arn"}},
        },
        **changes,
    }


def parameter(value: str = "v", **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **properties}}


def body(resources: dict[str, Any], **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


def settled(cloudformation: Any, stack: str) -> dict[str, Any]:
    """The stack when its operation has ended."""

    def look() -> dict[str, Any] | None:
        (row,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        return None if row["StackStatus"].endswith("IN_PROGRESS") else row

    return until(look, f"the end of {stack}") or {}


def create(cloudformation: Any, text: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    """Create a stack, and what it is at the end."""
    stack = cloudformation.create_stack(StackName=name or unique("stack"), TemplateBody=text, **more)[
        "StackId"
    ]
    return settled(cloudformation, stack)


def update(cloudformation: Any, stack: str, text: str, **more: Any) -> dict[str, Any]:
    cloudformation.update_stack(StackName=stack, TemplateBody=text, **more)
    return settled(cloudformation, stack)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}


def reasons(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(row.get("ResourceStatusReason", "") for row in events)


def test_a_stage_is_created_changed_and_deleted(engine: EngineProcess, cloudformation: Any) -> None:
    name = unique("stage")
    stack = create(
        cloudformation, yaml.safe_dump(template(engine)), name, Tags=[{"Key": "team", "Value": "a"}]
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cloudformation, name)
    assert (stack["Description"], stack["Tags"]) == ("A stage.", [{"Key": "team", "Value": "a"}])
    model = outputs(stack)["ModelName"]
    assert model.startswith(f"{name}-Model-")
    sagemaker, events = engine.client("sagemaker"), engine.client("events")
    arn = sagemaker.describe_model(ModelName=model)["ModelArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    rule = events.describe_rule(Name=f"{name}-rule")
    assert (rule["Arn"], rule["ScheduleExpression"]) == (outputs(stack)["RuleArn"], "rate(1 day)")
    (target,) = events.list_targets_by_rule(Rule=f"{name}-rule")["Targets"]
    assert target["Arn"].endswith(f":pipeline/{name}-pipeline")
    parameters = target["SageMakerPipelineParameters"]["PipelineParameterList"]
    assert parameters == [{"Name": "ModelName", "Value": model}]
    rows = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    assert {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows} == {
        "Rule": f"{name}-rule",
        "Pipeline": f"{name}-pipeline",
        "Model": arn,
    }
    # The schedule changes in place; isolation needs a new model, which the rule's target then names.
    changed = template(engine)
    changed["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"] = True
    stack = update(
        cloudformation,
        name,
        json.dumps(changed),
        Parameters=[{"ParameterKey": "Schedule", "ParameterValue": "2 hours"}],
    )
    assert stack["StackStatus"] == "UPDATE_COMPLETE", reasons(cloudformation, name)
    new_model = outputs(stack)["ModelName"]
    assert new_model != model
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName=model)
    (target,) = events.list_targets_by_rule(Rule=f"{name}-rule")["Targets"]
    assert target["SageMakerPipelineParameters"]["PipelineParameterList"][0]["Value"] == new_model
    assert events.describe_rule(Name=f"{name}-rule")["ScheduleExpression"] == "rate(2 hours)"
    cloudformation.delete_stack(StackName=name)
    assert settled(cloudformation, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    for call, arguments in (
        (sagemaker.describe_model, {"ModelName": new_model}),
        (sagemaker.describe_pipeline, {"PipelineName": f"{name}-pipeline"}),
        (events.describe_rule, {"Name": f"{name}-rule"}),
    ):
        with pytest.raises(ClientError):
            call(**arguments)
    with pytest.raises(ClientError, match=f"Stack with id {name} does not exist"):
        cloudformation.describe_stacks(StackName=name)


def test_a_failed_creation_rolls_back_and_says_why(engine: EngineProcess, cloudformation: Any) -> None:
    name = unique("failing")
    resources = {
        "First": parameter(Name=f"/{name}/first"),
        "Second": {**parameter(Name=f"/{name}/second", AllowedPattern="^[0-9]+$"), "DependsOn": "First"},
    }
    stack = create(cloudformation, body(resources), name)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "cannot be validated against allowedPattern" in reasons(cloudformation, name)
    assert "The following resource(s) failed to create: [Second]." in reasons(cloudformation, name)
    assert engine.client("ssm").get_parameters_by_path(Path=f"/{name}")["Parameters"] == []
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        cloudformation.update_stack(StackName=name, TemplateBody=body(resources))
    stack = create(cloudformation, body(resources), unique("left"), OnFailure="DO_NOTHING")
    assert stack["StackStatus"] == "CREATE_FAILED"


def test_a_failed_update_brings_everything_back(engine: EngineProcess, cloudformation: Any) -> None:
    name, ssm = unique("update"), engine.client("ssm")
    before = {
        "Changed": parameter("old", Name=f"/{name}/changed"),
        "Replaced": parameter("old", Name=f"/{name}/replaced"),
        "Removed": parameter("old", Name=f"/{name}/removed"),
    }
    create(cloudformation, body(before, Outputs={"Out": {"Value": {"Ref": "Changed"}}}), name)
    after = {
        "Changed": parameter("new", Name=f"/{name}/changed", Tags={"a": "b"}),
        "Replaced": parameter("new", Name=f"/{name}/replaced-2"),
        "Added": parameter("new", Name=f"/{name}/added"),
        "Bad": {**parameter("x", AllowedPattern="^[0-9]+$"), "DependsOn": ["Changed", "Replaced", "Added"]},
    }
    stack = update(cloudformation, name, body(after))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", reasons(cloudformation, name)
    rows = {row["Name"]: row["Value"] for row in ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"]}
    assert rows == {f"/{name}/{word}": "old" for word in ("changed", "replaced", "removed")}
    assert outputs(stack) == {"Out": f"/{name}/changed"}
    assert "failed to create: [Bad]" in reasons(cloudformation, name)
    # The stack can be updated again, which removes what left the template.
    del after["Bad"]
    stack = update(cloudformation, name, body(after))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", reasons(cloudformation, name)
    rows = {row["Name"]: row["Value"] for row in ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"]}
    assert rows == {f"/{name}/{word}": "new" for word in ("changed", "replaced-2", "added")}


def test_an_operation_goes_on_after_a_kill(engine: EngineProcess, cloudformation: Any) -> None:
    name, count = unique("killed"), 120
    resources = {f"P{number}": parameter(Name=f"/{name}/{number:03}") for number in range(count)}
    stack = cloudformation.create_stack(StackName=name, TemplateBody=body(resources))["StackId"]
    engine.restart()
    assert settled(cloudformation, stack)["StackStatus"] == "CREATE_COMPLETE", reasons(cloudformation, stack)
    pages = engine.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"/{name}")
    rows = [row for page in pages for row in page["Parameters"]]
    assert len(rows) == count
    cloudformation.delete_stack(StackName=name)
    engine.restart()
    assert settled(cloudformation, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert engine.client("ssm").get_parameters_by_path(Path=f"/{name}")["Parameters"] == []


def test_what_exists_already_is_not_taken_over(engine: EngineProcess, cloudformation: Any) -> None:
    name, ssm = unique("theirs"), engine.client("ssm")
    ssm.put_parameter(Name=name, Value="theirs", Type="String")
    stack = create(cloudformation, body({"P": parameter("ours", Name=name)}))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"{name} already exists." in reasons(cloudformation, stack["StackId"])
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "theirs"


def test_dynamic_references_conditions_and_functions(engine: EngineProcess, cloudformation: Any) -> None:
    name = unique("functions")
    engine.client("ssm").put_parameter(Name=f"/{name}/role", Value=ROLE, Type="String")
    text = f"""
Parameters:
  Zones: {{Type: CommaDelimitedList, Default: "a, b,c"}}
  Prod: {{Type: String, Default: "no", AllowedValues: ["yes", "no"]}}
Conditions:
  IsProd: !Equals [!Ref Prod, "yes"]
  IsTest: !Not [!Condition IsProd]
Resources:
  Always:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub
        - "{{{{resolve:ssm:/{name}/role}}}} ${{Last}} ${{!Literal}} ${{AWS::Partition}}"
        - {{Last: !Select [2, !Ref Zones]}}
      Description: !If [IsProd, "prod", !Ref "AWS::NoValue"]
  Sometimes:
    Type: AWS::SSM::Parameter
    Condition: IsProd
    Properties: {{Type: String, Value: prod}}
Outputs:
  Value: {{Value: !GetAtt Always.Value}}
  Second: {{Value: !Select ["1", !Split ["/", "x/y"]]}}
  Prod: {{Condition: IsProd, Value: !Ref Sometimes}}
"""
    stack = create(cloudformation, text, name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cloudformation, name)
    rows = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert [row["LogicalResourceId"] for row in rows] == ["Always"]
    value = engine.client("ssm").get_parameter(Name=rows[0]["PhysicalResourceId"])["Parameter"]["Value"]
    assert value == f"{ROLE} c ${{Literal}} aws"
    assert outputs(stack)["Second"] == "y"
    assert "Prod" not in outputs(stack)
    stack = update(cloudformation, name, text, Parameters=[{"ParameterKey": "Prod", "ParameterValue": "yes"}])
    assert outputs(stack)["Prod"].startswith(f"{name}-Sometimes-")


def test_dashboards_are_stored_and_checked(engine: EngineProcess, cloudformation: Any) -> None:
    name, cloudwatch = unique("dashboard"), engine.client("cloudwatch")
    widgets = {"widgets": [{"type": "metric", "properties": {"region": "us-east-1"}}]}
    board = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": name, "DashboardBody": json.dumps(widgets)},
    }
    create(cloudformation, body({"Board": board}))
    assert json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]) == widgets
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert entry["Size"] == len(json.dumps(widgets))
    with pytest.raises(ClientError, match="must be a JSON object with widgets"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{}")
    cloudwatch.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError) as caught:
        cloudwatch.get_dashboard(DashboardName=name)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_change_set_says_what_it_will_do_and_does_it(engine: EngineProcess, cloudformation: Any) -> None:
    name = unique("changes")
    text = body({"A": parameter("1"), "B": parameter("{x}")})
    change = {"StackName": name, "ChangeSetName": "first"}
    cloudformation.create_change_set(**change, TemplateBody=text, ChangeSetType="CREATE")
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    rows = cloudformation.describe_change_set(**change)["Changes"]
    assert {row["ResourceChange"]["LogicalResourceId"]: row["ResourceChange"]["Action"] for row in rows} == {
        "A": "Add",
        "B": "Add",
    }
    cloudformation.execute_change_set(**change)
    assert settled(cloudformation, name)["StackStatus"] == "CREATE_COMPLETE"
    change["ChangeSetName"] = "second"
    cloudformation.create_change_set(
        **change, TemplateBody=body({"A": parameter("2"), "B": parameter("{x}", Type="StringList")})
    )
    described = cloudformation.describe_change_set(**change)
    resources = {
        row["ResourceChange"]["LogicalResourceId"]: row["ResourceChange"] for row in described["Changes"]
    }
    assert [resources[key]["Replacement"] for key in ("A", "B")] == ["False", "True"]
    assert resources["A"]["Details"][0]["Target"]["Name"] == "Value"
    assert [row["ChangeSetName"] for row in cloudformation.list_change_sets(StackName=name)["Summaries"]] == [
        "first",
        "second",
    ]
    cloudformation.delete_change_set(**change)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_change_set(**change)
    cloudformation.create_change_set(**change, TemplateBody=text)
    described = cloudformation.describe_change_set(**change)
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError, match="cannot be executed in its current execution status"):
        cloudformation.execute_change_set(**change)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName=name, TemplateBody=text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON not well-formed"),
        ("Resources: [", "YAML not well-formed"),
        ("a: &x {b: 1}\nc: *x", "YAML aliases are not allowed"),
        ("{}", "At least one Resources member must be defined"),
        (body({"B": {"Type": "AWS::S3::Bucket"}}), "no resource type 'AWS::S3::Bucket', which B has"),
        (body({"P": parameter(Colour="red")}), "unsupported property Colour of P"),
        (
            body({"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String"}}}),
            "Property Value of P",
        ),
        (body({"P": parameter({"Fn::Cidr": []})}), "no function Fn::Cidr"),  # type: ignore[arg-type]
        (body({"P": parameter({"Fn::Join": "x"})}), "Fn::Join takes a list of a text and a list, not 'x'"),  # type: ignore[arg-type]
        (
            body({"P": parameter({"Ref": "Nobody"})}),
            "Unresolved resource dependencies [Nobody] in Resources/P",
        ),  # type: ignore[arg-type]
        (body({"P": parameter({"Fn::GetAtt": "P.Age"})}), "Circular dependency"),  # type: ignore[arg-type]
        (
            body({"P": parameter(), "Q": parameter({"Fn::GetAtt": "P.Age"})}),
            "does not support attribute type Age",
        ),  # type: ignore[arg-type]
        (body({"P": {**parameter(), "UpdatePolicy": {}}}), "no UpdatePolicy of a resource, which P has"),
        (body({"P": parameter()}, Transform="AWS::Serverless-2016-10-31"), "no section 'Transform'"),
        (
            body({"P": parameter()}, Parameters={"K": {"Type": "AWS::EC2::KeyPair::KeyName"}}),
            "Type 'AWS::EC2::KeyPair::KeyName'",
        ),
        (
            body({"P": parameter()}, Parameters={"N": {"Type": "Number", "Default": "x"}}),
            "it must be a number",
        ),
        (
            body({"P": parameter()}, Outputs={"O": {"Value": "x", "Export": {"Name": "n"}}}),
            "no Export of an output",
        ),
    ],
)
def test_a_bad_template_is_refused_before_anything_is_made(
    cloudformation: Any, text: str, words: str
) -> None:
    name = unique("bad")
    for call in (
        lambda: cloudformation.create_stack(StackName=name, TemplateBody=text),
        lambda: cloudformation.validate_template(TemplateBody=text),
        lambda: cloudformation.create_change_set(
            StackName=name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=text
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert (error["Code"], words in error["Message"]) == ("ValidationError", True), error
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName=name)


@pytest.mark.parametrize(
    ("declaration", "value", "words"),
    [
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "UP", "it must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": 2}, "x", "a length greater than or equal to 2"),
        ({"Type": "String", "MaxLength": "2"}, "xxx", "a length less than or equal to 2"),
        ({"Type": "Number", "MaxValue": 5}, "6", "a number less than or equal to 5"),
        ({"Type": "String", "AllowedValues": ["a", 1]}, "2", "one of AllowedValues: [a, 1]"),
        (
            {"Type": "String", "MinLength": 9, "ConstraintDescription": "Too short."},
            "x",
            "cannot be 'x': Too short.",
        ),
        ({"Type": "String", "MinLength": 9, "NoEcho": True}, "hidden", "cannot be ****"),
    ],
)
def test_a_bad_parameter_is_refused(
    cloudformation: Any, declaration: dict[str, Any], value: str | None, words: str
) -> None:
    parameters = [] if value is None else [{"ParameterKey": "P", "ParameterValue": value}]
    with pytest.raises(ClientError) as caught:
        cloudformation.create_stack(
            StackName="x",
            TemplateBody=body({"R": parameter()}, Parameters={"P": declaration}),
            Parameters=parameters,
        )
    assert words in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match=r"Parameters: \[Other\] do not exist in the template"):
        cloudformation.create_stack(
            StackName="x",
            TemplateBody=body({"R": parameter()}),
            Parameters=[{"ParameterKey": "Other", "ParameterValue": "1"}],
        )


def test_templates_are_told_as_they_were_given(cloudformation: Any) -> None:
    name = unique("told")
    text = body({"R": parameter()}, Parameters={"S": {"Type": "String", "Default": "x", "NoEcho": True}})
    stack = create(cloudformation, text, name)
    assert stack["Parameters"] == [{"ParameterKey": "S", "ParameterValue": "****"}]
    template_body = cloudformation.get_template(StackName=name)["TemplateBody"]
    assert template_body == json.loads(text)
    summary = cloudformation.get_template_summary(StackName=name)
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]
    assert summary["Parameters"][0]["DefaultValue"] == "x"
    detail = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="R")[
        "StackResourceDetail"
    ]
    assert detail["ResourceStatus"] == "CREATE_COMPLETE"
    assert name in [row["StackName"] for row in cloudformation.list_stacks()["StackSummaries"]]


def test_a_team_has_stacks_of_its_names_that_make_what_its_key_may_make(
    engine: EngineProcess, cloudformation: Any
) -> None:
    team, foreign_name = unique("team"), unique("others")
    make_key(engine, team, "--s3", f"s3://{team}/", "--names", f"{team}*")
    ours = client_of(engine, team)("cloudformation")
    create(cloudformation, body({"P": parameter()}), foreign_name)
    stack = create(ours, body({"P": parameter(Name=f"/{team}/x")}), f"{team}-stack")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert [row["StackName"] for row in ours.describe_stacks()["Stacks"]] == [f"{team}-stack"]
    stack = create(ours, body({"P": parameter(Name=f"/{foreign_name}/x")}), f"{team}-2")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: ssm:GetParameter" in reasons(ours, f"{team}-2")
    arn = cloudformation.describe_stacks(StackName=foreign_name)["Stacks"][0]["StackId"]
    for call, arguments in (
        (ours.create_stack, {"StackName": unique("x"), "TemplateBody": body({"P": parameter()})}),
        (ours.describe_stacks, {"StackName": foreign_name}),
        (ours.describe_stacks, {"StackName": arn}),
        (ours.delete_stack, {"StackName": arn}),
        (ours.get_template, {"StackName": foreign_name}),
        (ours.list_change_sets, {"StackName": foreign_name}),
        (ours.describe_change_set, {"ChangeSetName": arn.replace(":stack/", ":changeSet/")}),
        # Nor can it ask whether an object is there that it may not read.
        (ours.validate_template, {"TemplateURL": f"s3://{foreign_name}/template"}),
    ):
        with denied():
            call(**arguments)


def test_a_model_of_a_package_and_a_pipeline_of_a_definition_in_s3(
    engine: EngineProcess, cloudformation: Any
) -> None:
    name, sagemaker = unique("package"), engine.client("sagemaker")
    data = model_data(engine)
    bucket = data.split("/")[2]
    engine.client("s3").put_object(Bucket=bucket, Key=f"{name}/definition.json", Body=DEFINITION.encode())
    engine.client("ssm").put_parameter(Name=f"/{name}/role", Value=ROLE, Type="String")
    sagemaker.create_model_package(
        ModelPackageName=name,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": STRANGE_IMAGE, "ModelDataUrl": data}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    text = f"""
Parameters:
  Package: {{Type: String}}
  SubnetIds: {{Type: CommaDelimitedList}}
  Key: {{Type: String, Default: "{name}/definition.json"}}
Resources:
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      Containers: [{{ModelPackageName: !Ref Package}}]
      ExecutionRoleArn: "{{{{resolve:ssm:/{name}/role}}}}"
      VpcConfig: {{SecurityGroupIds: [sg-12345678], Subnets: !Ref SubnetIds}}
      Tags: [{{Key: count, Value: 5}}]
  Pipeline:
    Type: AWS::SageMaker::Pipeline
    Properties:
      PipelineName: {name}
      PipelineDescription: Runs each day.
      RoleArn: "{{{{resolve:ssm:/{name}/role}}}}"
      PipelineDefinition:
        PipelineDefinitionS3Location: {{Bucket: {bucket}, Key: !Ref Key}}
      ParallelismConfiguration: {{MaxParallelExecutionSteps: "2"}}
Outputs:
  Model: {{Value: !GetAtt Model.ModelName}}
"""
    texts = {"Package": name, "SubnetIds": "subnet-12345678, subnet-87654321"}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in texts.items()]
    stack = create(cloudformation, text, name, Parameters=parameters)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(cloudformation, name)
    model = sagemaker.describe_model(ModelName=outputs(stack)["Model"])
    assert (model["ExecutionRoleArn"], model["VpcConfig"]["Subnets"]) == (
        ROLE,
        ["subnet-12345678", "subnet-87654321"],
    )
    assert sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"] == [{"Key": "count", "Value": "5"}]
    pipeline = sagemaker.describe_pipeline(PipelineName=name)
    assert (pipeline["RoleArn"], json.loads(pipeline["PipelineDefinition"])) == (ROLE, json.loads(DEFINITION))
    # A definition that does not exist brings the stack back.
    parameters.append({"ParameterKey": "Key", "ParameterValue": "absent.json"})
    stack = update(cloudformation, name, text, Parameters=parameters)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "absent.json" in reasons(cloudformation, name)
