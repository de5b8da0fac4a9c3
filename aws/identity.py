"""Who we are on the other side."""

from __future__ import annotations

from aws.calls import translated
from aws.clients import client
from aws.target import Target


def account(target: Target) -> str:
    """The account id that our credentials belong to; raises a GatewayError if they are not accepted."""
    with translated(target):
        return client(target, "sts").get_caller_identity()["Account"]
