"""STS: GetCallerIdentity and AssumeRole."""

from __future__ import annotations

import re
from typing import Any

from engine.credentials import MOST_SESSIONS
from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.table import operation

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/((?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64})")


@operation("sts", "GetCallerIdentity")
def get_caller_identity(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The account and user of the key that signed the request."""
    assert ctx.caller is not None
    arn = ctx.caller.arn
    user = (
        f"{ctx.caller.access_key_id}:{arn.rpartition('/')[2]}" if ctx.caller.token else ctx.config.account_id
    )
    return {"UserId": user, "Account": arn.split(":")[4], "Arn": arn}


@operation("sts", "AssumeRole")
def assume_role(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a session key for the role. Every key may do so; the session key has the caller's scope.

    If the caller is itself a session, the new key expires with it at the latest.
    """
    match = _ROLE_ARN.fullmatch(params["RoleArn"])
    if match is None:
        raise validation_error(f"{params['RoleArn']} is invalid")
    for name in ("Policy", "PolicyArns"):
        if params.get(name):
            # Without it the session would have more rights than the caller believes.
            raise validation_error(
                f"The embedded engine does not support {name}: sessions have the caller's scope."
            )
    if match[2].startswith("keys/"):
        raise validation_error("Roles of the path keys/ are for processing jobs alone.")
    seconds = int(params.get("DurationSeconds", 3600))
    if not 900 <= seconds <= 43200:
        raise ServiceError("ValidationError", "DurationSeconds must be from 900 to 43200.")
    account, role = match[1], match[2].rpartition("/")[2]
    session = params["RoleSessionName"]
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    assert ctx.caller is not None
    key = ctx.credentials.new_session(arn, seconds, ctx.caller)
    if key is None:
        raise ServiceError(
            "Throttling",
            f"This key has {MOST_SESSIONS} sessions already; use one of them, or wait for their end.",
        )
    assert key.expires is not None
    return {
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": key.token,
            "Expiration": key.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": f"{key.access_key_id}:{session}", "Arn": key.arn},
    }
