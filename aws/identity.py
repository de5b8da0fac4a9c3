"""Whose the credentials of a connection are."""

from __future__ import annotations

import re
from dataclasses import replace

from aws.calls import translated
from aws.clients import client
from aws.errors import GatewayError
from aws.target import Target


def account(target: Target) -> str:
    """The account id of our credentials; raises a GatewayError if they are not accepted."""
    with translated(target):
        return client(target, "sts").get_caller_identity()["Account"]


def own_arn(target: Target) -> str:
    """The user or role that this process runs as, which assumes the target's role; empty if AWS does not say."""
    own_target = replace(target, role_arn="", external_id="", hurried=True)
    try:
        with translated(own_target):
            return role_of(client(own_target, "sts").get_caller_identity()["Arn"])
    except GatewayError:
        return ""


def role_of(arn: str) -> str:
    """The ARN of the role if this is that of a session of one; trust policies name roles, not sessions."""
    session = re.fullmatch(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+", arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn
