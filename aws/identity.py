"""The account of a connection's credentials."""

from __future__ import annotations

from aws.calls import translated
from aws.clients import client
from aws.target import Target


def account(target: Target) -> str:
    """The account id of our credentials; raises a GatewayError if they are not accepted."""
    with translated(target):
        return client(target, "sts").get_caller_identity()["Account"]
