"""The checks of a definition: each error names the place, the value and what is allowed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.pipeline_definitions import BadDefinition, BadParameter, parameter_values, parse_definition
from engine.pipeline_definitions.conditions import NotComparable, holds, parse_conditions
from engine.pipeline_definitions.durations import parse_duration
from engine.pipeline_definitions.expressions import evaluate
from engine.pipeline_definitions.paths import BadPropertyPath, NamePart, NotThere, look_up, parse_path
from engine.pipeline_definitions.planning import Progress, steps_that_may_start
from engine.pipeline_definitions.values import ExecutionValues
from tests.engine.pipelines.definitions import condition, definition, equals, fail, get, join, step

MODEL = {"ExecutionRoleArn": "r"}


def model(name: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return step(name, "Model", MODEL if arguments is None else arguments, **more)


def error_of(text: str) -> str:
    with pytest.raises(BadDefinition) as caught:
        parse_definition(text)
    return str(caught.value)


def with_parameter(**parameter: Any) -> str:
    return definition(model("A"), parameters=[{"Name": "P", "Type": "Integer", **parameter}])


def from_file(text: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get(text), "Path": "x"}}


POLICY = {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 3}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "The definition is not JSON: Expecting property name"),
        ("[]", "The definition is []; it must be an object."),
        ('{"Version": "2020-12-01", "Steps": [NaN]}', "The definition is not JSON: NaN is not a number."),
        (json.dumps({"Version": "1", "Steps": []}), 'Version is "1"; it must be "2020-12-01".'),
        (definition(), "Steps is empty; a pipeline must have at least one step."),
        (definition(model("A"), Extra=1), "The definition has the member 'Extra'; its members are Version,"),
        (definition(model("a b")), 'Steps[0]: Name is "a b"; it must have 1 to 64 letters'),
        (definition({"Name": "A", "Type": "Model"}), "Step 'A' has no Arguments; it must have Name, Type, Arguments."),
        (
            definition(step("A", "Training", {})),
            "Step 'A': Type is \"Training\"; the embedded engine runs steps of the types Processing, Transform, Model, "
            "RegisterModel, Condition, Fail.",
        ),
        (definition(model("A", Nope=1)), "Step 'A' has the member 'Nope'; its members are Name, Type,"),
        (definition(model("A"), model("A")), "Step 'A': another step has this name too"),
        (
            definition(model("A", DependsOn=["B"])),
            "Step 'A': DependsOn has 'B'; the pipeline's steps are A.",
        ),
        (
            definition(model("A", {"ModelName": get("Parameters.X")})),
            "Step 'A' refers to the parameter 'X'; the pipeline's parameters are none.",
        ),
        (
            definition(model("A", {"ModelName": get("Steps.B.ModelName")})),
            "Step 'A' refers to the step 'B'; the pipeline's steps are A.",
        ),
        (
            definition(model("A", {"ModelName": get("Execution.Nope")})),
            "Step 'A': Arguments: ModelName: Get is \"Execution.Nope\"; the variables are StartDateTime,",
        ),
        (
            definition(model("A", {"ModelName": get("Nope")})),
            "Step 'A': Arguments: ModelName: Get is \"Nope\"; write Parameters.NAME, Steps.STEP.PATH or",
        ),
        (
            definition(model("A", {"ModelName": {"Std:Join": {"On": ""}}})),
            "Step 'A': Arguments: ModelName: Std:Join has no Values; it must have On, Values.",
        ),
        (
            definition(model("A", {"ModelName": join(["x"])})),
            'Step \'A\': Arguments: ModelName: Std:Join has ["x"]; its Values must be texts, numbers or expressions.',
        ),
        (
            definition(model("A", DependsOn=["B"]), model("B", DependsOn=["C"]), model("C", DependsOn=["A"])),
            "The steps wait for each other in a circle: A -> B -> C -> A.",
        ),
        (
            definition(model("A", {"ModelName": get("Steps.A.ModelArn")})),
            "The steps wait for each other in a circle: A -> A.",
        ),
        (
            definition(condition("C", equals(get("Steps.A.ModelName"), "x"), then=[model("A")])),
            "The steps wait for each other in a circle: C -> A -> C.",
        ),
        (
            definition(condition("C", {"Type": "Like"})),
            "Step 'C': Conditions[0]: Type is \"Like\"; the types of conditions are Equals,",
        ),
        (
            definition(condition("C", {"Type": "In", "QueryValue": 1})),
            "Step 'C': Conditions[0] has no Values; it must have QueryValue, Values.",
        ),
        (definition(step("C", "Condition", {"Conditions": []})), "Step 'C': Conditions is []"),
        (definition(fail("F", 3)), "Step 'F': ErrorMessage is 3; it must be a text or an expression."),
        (
            definition(fail("F", "x"), model("A", {"ModelName": get("Steps.F.ErrorMessage")})),
            "Step 'A' refers to the Fail step 'F', which has no properties.",
        ),
        (
            definition(condition("C", equals(from_file("Steps.A.PropertyFiles.P"), 1)), model("A")),
            "Step 'C' refers to the property file 'P' of step 'A'; its property files are none.",
        ),
        (
            definition(condition("C", equals({"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "a..b"}}, 1))),
            "Step 'C': Conditions: Std:JsonGet: 'a..b' is not a path at '..b'; write member.member, ['name'] or [0].",
        ),
        (
            definition(model("A", RetryPolicies=[{**POLICY, "ExceptionType": ["Step.X"]}])),
            "Step 'A': RetryPolicies[0]: ExceptionType has \"Step.X\"; it may have Step.SERVICE_FAULT,",
        ),
        (
            definition(model("A", RetryPolicies=[{**POLICY, "ExpireAfterMin": 3}])),
            "Step 'A': RetryPolicies[0] must have either MaxAttempts or ExpireAfterMin.",
        ),
        (
            definition(model("A", RetryPolicies=[{**POLICY, "MaxAttempts": 0}])),
            "Step 'A': RetryPolicies[0]: MaxAttempts is 0; it must be 1 to 1000000.",
        ),
        (
            definition(step("T", "Transform", {}, CacheConfig={"Enabled": True, "ExpireAfter": "soon"})),
            "Step 'T': CacheConfig: ExpireAfter is \"soon\"; it must be an ISO 8601 duration such as ",
        ),
        (
            with_parameter(Type="Date"),
            "Parameter 'P': Type is \"Date\"; the types are String, Integer, Float, Boolean.",
        ),
        (
            with_parameter(DefaultValue="1"),
            "Parameter 'P': DefaultValue has \"1\"; the type Integer needs a whole number.",
        ),
        (
            with_parameter(DefaultValue=True),
            "Parameter 'P': DefaultValue has true; the type Integer needs a whole number.",
        ),
        (
            with_parameter(EnumValues=[1, 2], DefaultValue=3),
            "Parameter 'P': DefaultValue is 3; EnumValues allows 1, 2.",
        ),
        (
            definition(model("A"), parameters=[{"Name": "P", "Type": "String"}] * 2),
            "Parameter 'P': another parameter has this name too.",
        ),
        (
            definition(model("A"), PipelineExperimentConfig={"TrialName": get("Steps.A.ModelName")}),
            "PipelineExperimentConfig refers to the step 'A'; it may not refer to steps.",
        ),
        ("[" * 5000, "The definition is nested too deeply."),
    ],
)  # fmt: skip
def test_a_bad_definition_is_refused_with_its_place(text: str, error: str) -> None:
    assert error_of(text).startswith(error)


def test_values_are_put_in_at_any_depth_with_their_types() -> None:
    values = ExecutionValues(
        {"n": 3, "flag": True, "f": 0.5},
        {"PipelineName": "p"},
        {"S": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/k"}}], "Env": {"x.y": "z"}}},
    )
    document = {
        "a": [get("Parameters.n"), {"b": get("Execution.PipelineName")}],
        "c": join("x", get("Parameters.n"), get("Parameters.flag"), get("Parameters.f"), on="/"),
        "d": get("Steps.S.Outputs['o'].S3Output.S3Uri"),
        "e": get("Steps.S.Outputs[0].OutputName"),
        "f": get("Steps.S.Env['x.y']"),
    }
    assert evaluate(document, values) == {
        "a": [3, {"b": "p"}], "c": "x/3/true/0.5", "d": "s3://b/k", "e": "o", "f": "z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("x", "The document has no 'x'; it has a, m."),
        ("a[2]", "'a' has 1 items, [2] is not there."),
        ("a['q']", "'a' has no item of the name 'q'."),
        ("a[0].n.z", "'a[0].n' is not an object, 'z' is not there."),
        ("m[0]", "'m' is not a list, [0] is not there."),
    ],
)
def test_a_path_to_nothing_says_what_is_there(path: str, sentence: str) -> None:
    with pytest.raises(NotThere) as caught:
        look_up({"a": [{"n": 1}], "m": {}}, parse_path(path))
    assert str(caught.value) == sentence


def test_paths_are_members_indexes_and_names() -> None:
    assert parse_path("$.a.b-c['x.y'][\"z\"][12]") == ("a", "b-c", NamePart("x.y"), NamePart("z"), 12)
    for text in ("a b", "a[", "a['x]", "a[-1]", "a[*]"):
        with pytest.raises(BadPropertyPath):
            parse_path(text)


NOTHING = ExecutionValues({}, {})


@pytest.mark.parametrize(
    ("condition_row", "expected"),
    [
        (equals(1, 1.0), True),
        (equals(True, 1), False),
        (equals("1", 1), False),
        ({"Type": "GreaterThan", "LeftValue": 2, "RightValue": 1.5}, True),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": "b", "RightValue": "a"}, True),
        ({"Type": "LessThan", "LeftValue": 1, "RightValue": 1}, False),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 1, "RightValue": 1}, True),
        ({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, True),
        ({"Type": "Not", "Condition": equals(1, 1)}, False),
        ({"Type": "Not", "Expression": equals(1, 2)}, True),
        ({"Type": "Or", "Conditions": [equals(1, 2), equals(2, 2)]}, True),
    ],
)
def test_conditions_hold_or_do_not(condition_row: dict[str, Any], expected: bool) -> None:
    (parsed,) = parse_conditions("C", [condition_row])
    assert holds(parsed, NOTHING) is expected


def test_a_text_and_a_number_cannot_be_ordered() -> None:
    with pytest.raises(
        NotComparable, match='GreaterThan needs two numbers or two texts; these are "a" and 1'
    ):
        holds({"Type": "GreaterThan", "LeftValue": "a", "RightValue": 1}, NOTHING)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"Q": "1"}, "The pipeline has no parameter 'Q'; its parameters are P, E, B."),
        ({}, "The parameter 'P' has no default value, and none is given."),
        ({"P": "1.5"}, "The parameter 'P' is '1.5'; its type Integer needs a whole number."),
        ({"P": "1", "E": "c"}, "The parameter 'E' is 'c'; allowed are a, b."),
        ({"P": "1", "B": "maybe"}, "The parameter 'B' is 'maybe'; its type Boolean needs true or false."),
    ],
)
def test_bad_values_of_parameters_are_refused(values: dict[str, str], error: str) -> None:
    parameters = parse_definition(
        definition(
            model("A"),
            parameters=[
                {"Name": "P", "Type": "Integer"},
                {"Name": "E", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
                {"Name": "B", "Type": "Boolean", "DefaultValue": False},
            ],
        )
    ).parameters
    with pytest.raises(BadParameter) as caught:
        parameter_values(parameters, values)
    assert str(caught.value) == error
    assert parameter_values(parameters, {"P": "7", "B": "True"}) == {"P": 7, "E": "a", "B": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", timedelta(days=30)),
        ("PT12H", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("T30m", timedelta(minutes=30)),
        ("P1M", timedelta(days=30)),
        ("P1Y2W3DT4H5M6S", timedelta(days=382, hours=4, minutes=5, seconds=6)),
        ("P", None),
        ("", None),
        ("P99999999999D", None),
        ("P999999999Y", None),
        ("soon", None),
    ],
)
def test_durations_are_read_as_iso_8601_and_as_the_sdks_examples_write_them(
    text: str, expected: timedelta | None
) -> None:
    assert parse_duration(text) == expected


def test_steps_of_a_branch_that_is_not_taken_never_start_nor_what_waits_for_them() -> None:
    parsed = parse_definition(
        definition(
            condition("C", equals(1, 1), then=[model("Yes")], otherwise=[model("No")]),
            model("AfterNo", DependsOn=["No"]),
            model("AfterC", DependsOn=["C"]),
        )
    )

    def ready(**progress: Progress) -> list[str]:
        return [step.name for step in steps_that_may_start(parsed, progress)]

    done = Progress(True)
    assert ready() == ["C"]
    assert ready(C=Progress(True, True)) == ["Yes", "AfterC"]
    assert ready(C=Progress(True, False)) == ["No", "AfterC"]
    assert ready(C=Progress(True, True), Yes=done, AfterC=done) == []
    assert ready(C=Progress(False)) == []


def test_expressions_that_multiply_texts_are_refused_before_they_are_built() -> None:
    values = ExecutionValues({"Long": "a" * 4096}, {}, {}, lambda file: {"x": "a" * 1_000_000})
    separators = join(*[1] * 50_000, on="x" * 400_000)
    for arguments in (separators, [get("Parameters.Long")] * 300, [from_file("Steps.A.PropertyFiles.f")] * 2):
        with pytest.raises(ValueError, match="give more than 1,048,576 characters"):
            evaluate(arguments, values)


def test_a_lone_surrogate_is_refused() -> None:
    assert error_of(definition(model("A", {"ExecutionRoleArn": "\ud800"}))) == (
        "The definition has characters that are not UTF-8."
    )
