"""The table of IAM actions against the calls that this package makes, and the policies made of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from aws.actions import ACTIONS, AwsFeature, ResourceNames, statements
from aws.identity import role_of

PACKAGE = Path(__file__).resolve().parents[2] / "aws"


def calls_of(tree: ast.Module) -> Iterator[str]:
    """Calls of boto3's clients in a module, as `service.method`; those of paginators and signed URLs by their names."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        nodes = list(ast.walk(function))
        named = {
            node.targets[0].id: service
            for node in nodes
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and (service := service_of(node.value, {}))
        }
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                service = service_of(node.func.value, named)
                method = node.func.attr
                if method in ("get_paginator", "generate_presigned_url"):
                    assert isinstance(node.args[0], ast.Constant)
                    method = str(node.args[0].value)
                if service:
                    yield f"{service}.{method}"


def service_of(node: ast.expr, named: dict[str, str]) -> str:
    """The service of a client, which is `client(target, "service")` or a name of one; empty for anything else."""
    if isinstance(node, ast.Name):
        return named.get(node.id, "")
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "client"):
        return ""
    assert isinstance(node.args[1], ast.Constant), ast.unparse(node)
    return str(node.args[1].value)


def names(**replacements: object) -> ResourceNames:
    return ResourceNames(partition="aws", region="eu-west-1", account="123456789012", **replacements)  # type: ignore[arg-type]


def test_the_table_has_exactly_the_calls_that_are_made() -> None:
    calls = {call for path in PACKAGE.glob("*.py") for call in calls_of(ast.parse(path.read_text()))}
    assert len(calls) > 40
    listed = [name for action in ACTIONS for name in action.calls]
    assert sorted(listed) == sorted(calls)


def test_an_action_without_a_call_is_one_that_another_call_asks_for() -> None:
    assert {action.name for action in ACTIONS if not action.calls} == {"iam:PassRole"}


def test_a_policy_allows_what_is_used_on_what_is_named_and_nothing_else() -> None:
    policy = list(
        statements(
            {AwsFeature.READS, AwsFeature.ROLES},
            names(buckets=("data",), objects=("data/in/*",), roles=("arn:aws:iam::123456789012:role/run",)),
        )
    )
    assert policy == [
        {
            "Sid": "ExecutionRoles",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": "arn:aws:iam::123456789012:role/run",
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
        {
            "Sid": "ReadInputsAndOutputs",
            "Effect": "Allow",
            "Action": ["s3:ListAllMyBuckets"],
            "Resource": "*",
        },
        {
            "Sid": "ReadInputsAndOutputs2",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": "arn:aws:s3:::data",
        },
        {
            "Sid": "ReadInputsAndOutputs3",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": "arn:aws:s3:::data/in/*",
        },
    ]


def test_the_whole_policy_fits_into_a_managed_policy_of_iam() -> None:
    policy = list(statements(set(AwsFeature), names(queue="arn:aws:sqs:eu-west-1:123456789012:events")))
    assert len(str(policy).replace(" ", "")) < 6144
    sids = [statement["Sid"] for statement in policy]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)


def test_a_session_of_a_role_is_named_by_its_role() -> None:
    assert (
        role_of("arn:aws:sts::123456789012:assumed-role/web/i-0abc") == "arn:aws:iam::123456789012:role/web"
    )
    assert role_of("arn:aws:iam::123456789012:user/web") == "arn:aws:iam::123456789012:user/web"
