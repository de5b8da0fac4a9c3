"""Translate botocore's errors into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from aws.errors import GatewayError, NoCapacity, Rejected, Throttled, Unreachable
from aws.target import Target

NO_CREDENTIALS = (
    "No AWS credentials were found. Give the web and worker processes a role, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)
_THROTTLES = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
     "TooManyRequestsException", "SlowDown", "RequestThrottled", "LimitExceededException"}
)  # fmt: skip
_CAPACITY = frozenset({"ResourceLimitExceeded", "CapacityError", "InsufficientCapacity"})
_KEYS = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId",
     "ExpiredToken", "ExpiredTokenException", "InvalidSignatureException", "AuthFailure"}
)  # fmt: skip


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Translate botocore's errors of calls inside the block into GatewayErrors with a sentence."""
    try:
        yield
    except ClientError as error:
        raise from_client_error(error, target) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Unreachable(NO_CREDENTIALS) from error
    except ParamValidationError as error:
        raise Rejected(str(error)) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise Unreachable(_cannot_connect(target)) from error
    except (ReadTimeoutError, HTTPClientError) as error:
        raise Unreachable(f"{_start(target)} did not answer in time.") from error
    except BotoCoreError as error:
        raise Unreachable(f"{_start(target)} could not be reached: {error}") from error


def from_client_error(error: ClientError, target: Target) -> GatewayError:
    """The GatewayError for an AWS error answer; its sentence keeps the service's text."""
    code, message = details_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code in _THROTTLES:
        return Throttled(f"{_start(target)} is asked too often ({code}).", code)
    if code in _CAPACITY:
        return NoCapacity(message or "No capacity is left.", code)
    if code in _KEYS:
        return Unreachable(
            f"{_start(target)} does not accept our credentials ({code}). Check the connection.", code
        )
    if code == "ServiceUnavailable" and message:
        return Unreachable(f"{_start(target)} cannot do it now: {message}", code)
    if status >= 500 and status != 501:
        return Unreachable(f"{_start(target)} had an internal error ({code}).", code)
    return Rejected(message or code, code)


def _start(target: Target) -> str:
    return target.label[0].upper() + target.label[1:]


def _cannot_connect(target: Target) -> str:
    if target.is_engine:
        return f"{_start(target)} cannot be reached. Check that it is running."
    return f"{_start(target)} cannot be reached. Check the region and this machine's network."


def details_of(error: ClientError) -> tuple[str, str]:
    """The code and message of an AWS error answer; empty texts if it has none."""
    details = error.response.get("Error", {})
    return details.get("Code", ""), details.get("Message", "").strip()
