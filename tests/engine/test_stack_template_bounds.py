"""Short templates that would cost the engine much time or memory are refused at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.patterns import PatternTime, PatternTooSlow
from engine.stack_templates import TemplateError
from engine.stack_templates.parameters import values
from engine.stack_templates.stack_values import StackValues
from engine.stack_templates.template import parse_template

TRUE = {"Fn::Equals": ["a", "a"]}
YAML = "Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Type: String\n      Value: "


def template(value: Any, condition: str | None = None, **sections: Any) -> str:
    """A template with one parameter of that value."""
    resource: dict[str, Any] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": value},
    }
    if condition is not None:
        resource["Condition"] = condition
    return json.dumps({"Resources": {"P": resource}, **sections})


def evaluated(text: str) -> list[Any]:
    """The values of the template's parameters."""
    stack = StackValues(parse_template(text), {}, {}, {})
    stack.outputs()
    return [stack.properties(resource)["Value"] for resource in stack.resources()]


def test_conditions_that_many_others_use_are_evaluated_once() -> None:
    # Each uses the next one ten times: followed one by one these are 10^40.
    chain = {f"C{n}": {"Fn::And": [{"Condition": f"C{n + 1}"}] * 10} for n in range(40)}
    assert evaluated(template("x", "C0", Conditions={**chain, "C40": TRUE})) == ["x"]


def test_a_chain_of_conditions_is_followed_or_refused() -> None:
    chain = {f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(2000)}
    with pytest.raises(TemplateError, match="too long a chain"):
        evaluated(template("x", "C0", Conditions={**chain, "C2000": TRUE}))


def nested_sub(levels: int) -> Any:
    """A text that is ten times as long with each level."""
    value: Any = "a" * 10
    for _ in range(levels):
        value = {"Fn::Sub": ["${a}" * 10, {"a": value}]}
    return value


@pytest.mark.parametrize(
    "value",
    [
        nested_sub(12),
        {"Fn::Join": ["x" * 20_000, ["a"] * 5_000]},
        [{"Fn::Join": ["x" * 1_000, ["a"] * 1_000]}] * 2,
        [{"Ref": "Long"}] * 1_000,
    ],
    ids=["sub", "separators", "joins", "parameters"],
)
def test_texts_that_functions_multiply_are_refused(value: Any) -> None:
    parsed = parse_template(template(value, Parameters={"Long": {"Type": "String", "Default": "a" * 4_000}}))
    stack = StackValues(parsed, {}, values(parsed.parameters, {}, {}), {})
    with pytest.raises(TemplateError, match="give more than 1,048,576 characters"):
        stack.properties(next(stack.resources()))


def test_the_outputs_of_a_template_have_one_bound_for_all() -> None:
    output = {"Value": {"Fn::Join": ["x" * 10_000, ["a"] * 10]}}
    with pytest.raises(TemplateError, match="give more than"):
        evaluated(template("x", Outputs={f"O{n}": output for n in range(200)}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (YAML + "[" * 100_000, "nested too deeply"),
        (template(json.loads("[" * 150 + "]" * 150)), "nested too deeply"),
        (YAML + "[" + "a, " * 60_000 + "a]", "more than 50,000 values"),
        (template(["a"] * 60_000), "more than 50,000 values"),
        (YAML + "&x [a]\nMetadata: *x", "YAML aliases are not allowed"),
        (YAML + "!!binary aGk=", "is no value of a template"),
        (YAML + "!!set {a}", "is no value of a template"),
        (template({"Fn::Split": ["", "abc"]}), "the first not empty"),
        (template("\ud800"), "not UTF-8"),
        ('{"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": {"Tags": "x"}}}}', "Tags must be"),
        (
            '{"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": {"Tags": ["x"]}}}}',
            "Tags must be",
        ),
    ],
    ids=lambda text: text if len(text) < 50 else "",
)
def test_what_no_template_needs_is_refused(text: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem):
        evaluated(text)


def test_slow_patterns_have_one_short_time_for_all_parameters() -> None:
    slow = {"Type": "CommaDelimitedList", "AllowedPattern": "(a|b|ab)*[cd]"}
    with pytest.raises(TemplateError, match="takes too long"):
        values({f"P{n}": slow for n in range(200)}, {f"P{n}": f"{'ab' * 2_000}{n}" for n in range(200)}, {})


def test_the_time_for_patterns_is_used_up() -> None:
    patterns = PatternTime(0.0)
    with pytest.raises(PatternTooSlow):
        patterns.fits("(a|b|ab)*[cd]", "ab" * 2_000, whole=True)
