"""Who we are on the other side."""

from __future__ import annotations

from jobs.gateway.calls import translated
from jobs.gateway.clients import client
from jobs.gateway.target import Target


def account(target: Target) -> str:
    """The account id that our credentials belong to; raises a GatewayError if they are not accepted."""
    with translated(target):
        return client(target, "sts").get_caller_identity()["Account"]
