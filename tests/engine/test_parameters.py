"""Parameters of Systems Manager and ECR's empty registry, through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine.resources import refused, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess


@pytest.fixture
def ssm(engine: EngineProcess) -> Any:
    return engine.client("ssm")


def test_a_parameter_has_versions_and_goes(ssm: Any) -> None:
    name = f"/{unique('env')}/role"
    assert ssm.put_parameter(Name=name, Value="one", Type="String", Description="A role.")["Version"] == 1
    with refused("ParameterAlreadyExists", "To overwrite this value"):
        ssm.put_parameter(Name=name, Value="two", Type="String")
    assert ssm.put_parameter(Name=name, Value="two", Overwrite=True)["Version"] == 2
    parameter = ssm.get_parameter(Name=name)["Parameter"]
    assert (parameter["Value"], parameter["Version"], parameter["Type"]) == ("two", 2, "String")
    assert parameter["ARN"] == f"arn:aws:ssm:us-east-1:000000000000:parameter{name}"
    assert ssm.get_parameter(Name=parameter["ARN"])["Parameter"]["Value"] == "two"
    assert ssm.get_parameter(Name=f"{name}:1")["Parameter"]["Value"] == "one"
    with refused("ParameterVersionNotFound", "version 3"):
        ssm.get_parameter(Name=f"{name}:3")
    ssm.delete_parameter(Name=name)
    for call in (ssm.get_parameter, ssm.delete_parameter):
        with refused("ParameterNotFound", name):
            call(Name=name)


def test_several_parameters_are_read_and_the_unknown_listed(ssm: Any) -> None:
    stored_name, unknown_name = unique("subnets"), unique("nothing")
    ssm.put_parameter(Name=stored_name, Value="a,b", Type="StringList")
    answer = ssm.get_parameters(Names=[stored_name, unknown_name])
    assert [row["Value"] for row in answer["Parameters"]] == ["a,b"]
    assert answer["InvalidParameters"] == [unknown_name]


def test_parameters_of_a_path_come_in_pages(ssm: Any) -> None:
    path = f"/{unique('path')}"
    for name in ("a", "b", "deep/c"):
        ssm.put_parameter(Name=f"{path}/{name}", Value=name, Type="String")
    ssm.put_parameter(Name=f"{path}beside/d", Value="d", Type="String")
    own = ssm.get_parameters_by_path(Path=path)["Parameters"]
    assert [row["Value"] for row in own] == ["a", "b"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path=path + "/", Recursive=True, PaginationConfig={"PageSize": 1}
    )
    assert [[row["Value"] for row in page["Parameters"]] for page in pages] == [["a"], ["b"], ["deep/c"]]
    filters = [
        {"Key": "Name", "Option": "BeginsWith", "Values": [path + "/"]},
        {"Key": "Type", "Values": ["String"]},
    ]
    described = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    assert [row["Name"] for row in described] == [f"{path}/{name}" for name in ("a", "b", "deep/c")]
    assert "Value" not in described[0]
    with refused("InvalidFilterKey", "'Label'"):
        ssm.describe_parameters(ParameterFilters=[{"Key": "Label", "Values": ["x"]}])


def test_a_secure_string_is_readable_with_decryption_alone(ssm: Any) -> None:
    name = unique("secret")
    ssm.put_parameter(Name=name, Value="s3cret", Type="SecureString")
    assert "s3cret" not in ssm.get_parameter(Name=name)["Parameter"]["Value"]
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "s3cret"


def test_tags_of_a_parameter(ssm: Any) -> None:
    name = f"/{unique('tagged')}/x"
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "a", "Value": "1"}])
    where = {"ResourceType": "Parameter", "ResourceId": name}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**where, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "b", "Value": "2"}]
    ssm.delete_parameter(Name=name)
    ssm.put_parameter(Name=name, Value="v", Type="String")
    assert ssm.list_tags_for_resource(**where)["TagList"] == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Name": "no slash/first"}, "ValidationException", "'no slash/first'"),
        ({"Name": "a/b"}, "ValidationException", "must begin with a slash"),
        ({"Name": "/aws/x"}, "ValidationException", "can't be prefixed"),
        ({"Name": "/a" * 16}, "HierarchyLevelLimitExceededException", "15 levels"),
        ({"Value": "x" * 4097}, "ValidationException", "4097 bytes"),
        ({"Value": ""}, "ValidationException", "can't be empty"),
        ({"AllowedPattern": "^[0-9]+$"}, "ParameterPatternMismatchException", "^[0-9]+$"),
        ({"AllowedPattern": "("}, "InvalidAllowedPatternException", "'('"),
        ({"Type": "Number"}, "ValidationException", "[String, StringList, SecureString]"),
        ({"Policies": "[]"}, "ValidationException", "Policies"),
        ({"DataType": "aws:ec2:image"}, "ValidationException", "'aws:ec2:image'"),
    ],
)
def test_a_bad_parameter_is_refused(ssm: Any, changes: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError) as refusal:
        ssm.put_parameter(**{"Name": unique("bad"), "Value": "v", "Type": "String", **changes})
    error = refusal.value.response["Error"]
    assert (error["Code"], words in error["Message"]) == (code, True), error


def test_a_type_is_needed_and_stays(ssm: Any) -> None:
    name = unique("typed")
    with refused("ValidationException", "type is required"):
        ssm.put_parameter(Name=name, Value="v")
    ssm.put_parameter(Name=name, Value="v", Type="String")
    with refused("HierarchyTypeMismatchException", "can't be changed to StringList"):
        ssm.put_parameter(Name=name, Value="v", Type="StringList", Overwrite=True)


def test_a_team_uses_the_parameters_whose_path_begins_with_its_name(engine: EngineProcess, ssm: Any) -> None:
    team, foreign_name = unique("team"), unique("others")
    make_key(engine, team, "--s3", f"s3://{team}/", "--names", f"{team}*")
    ours = client_of(engine, team)("ssm")
    ssm.put_parameter(Name=f"/{foreign_name}/role", Value="theirs", Type="String")
    ours.put_parameter(Name=f"/{team}-prod/role", Value="ours", Type="String")
    assert ours.get_parameter(Name=f"/{team}-prod/role")["Parameter"]["Value"] == "ours"
    assert [row["Name"] for row in ours.describe_parameters()["Parameters"]] == [f"/{team}-prod/role"]
    arn = ssm.get_parameter(Name=f"/{foreign_name}/role")["Parameter"]["ARN"]
    for name in (f"/{foreign_name}/role", arn, f"/{foreign_name}/{team}/role"):
        with denied():
            ours.get_parameter(Name=name)
        with denied():
            ours.delete_parameter(Name=name)
    with denied():
        ours.get_parameters(Names=[f"/{team}-prod/role", f"/{foreign_name}/role"])
    with denied():
        ours.get_parameters_by_path(Path="/", Recursive=True)
    with denied():
        ours.put_parameter(Name=f"/{foreign_name}/role", Value="x", Type="String", Overwrite=True)
    with denied():
        ours.list_tags_for_resource(ResourceType="Parameter", ResourceId=f"/{foreign_name}/role")


def test_no_repository_exists(engine: EngineProcess) -> None:
    ecr = engine.client("ecr")
    with refused("RepositoryNotFoundException", "'mlops-x-processing-staging'"):
        ecr.describe_images(repositoryName="mlops-x-processing-staging", imageIds=[{"imageTag": "latest"}])
    with refused("RepositoryNotFoundException", "'absent'"):
        ecr.describe_repositories(repositoryNames=["absent"])
    assert ecr.describe_repositories()["repositories"] == []


def test_names_and_patterns_that_are_slow_to_match_are_refused_at_once(ssm: Any) -> None:
    with refused("ValidationException", "It has letters, digits"):
        ssm.put_parameter(Name="a" * 1000 + "!", Value="x", Type="String")
    with refused("InvalidAllowedPatternException", "takes too long"):
        ssm.put_parameter(
            Name=unique("slow"), Value="ab" * 2000, Type="String", AllowedPattern="^(a|b|ab)*[cd]$"
        )
