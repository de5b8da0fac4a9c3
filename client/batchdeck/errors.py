"""The errors of the client. The text of each is a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class BatchdeckError(Exception):
    """The base of all errors of this package."""


class ProfileError(BatchdeckError):
    """The address or token is missing, or the file with profiles cannot be used."""


class Unreachable(BatchdeckError):
    """The server did not answer, or answered with something that is not its API."""


class TimedOut(BatchdeckError):
    """What was waited for did not happen in time."""


class BadName(BatchdeckError):
    """An object's name cannot be a file's name below the target folder."""


class ApiError(BatchdeckError):
    """An error that the server answered.

    `status` is the HTTP status, `code` the API's word for the error. `fields` maps a field to sentences that say what
    it must be. `details` are further members of the error, such as `job`. `address` is what was asked for, below
    `/api/v1/`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Mapping[str, list[str]],
        details: Mapping[str, Any],
        address: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = dict(fields)
        self.details = dict(details)
        self.address = address


class InvalidRequest(ApiError):
    """Fields or parameters cannot be used (400)."""


class NotAuthenticated(ApiError):
    """The token is unknown, revoked or expired (401)."""


class Forbidden(ApiError):
    """The role or the token does not allow it (403)."""


class NotFound(ApiError):
    """There is no such object in the token's team (404)."""


class Conflict(ApiError):
    """It is not possible now, such as stopping a job that has ended (409)."""


class NameTaken(Conflict):
    """Another job has the name; `details["job"]` is its id."""


class OutputsExist(Conflict):
    """The job would replace outputs; `details["output_path"]` is a path where it replaces none."""


class RateLimited(ApiError):
    """Too many requests, and the wait that the server asked for was too long (429)."""


class Unavailable(ApiError):
    """The connection or the database does not answer now (503)."""


class ServerError(ApiError):
    """The server failed (other 5xx)."""


_BY_CODE: Mapping[str, type[ApiError]] = {"name_taken": NameTaken, "outputs_exist": OutputsExist}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Conflict,
    429: RateLimited,
    503: Unavailable,
}


def error_of(status: int, body: Any, address: str = "") -> ApiError:
    """The error of an answer from `address` with this status and JSON body; the body may be anything."""
    error = body.get("error") if isinstance(body, dict) else None
    members = dict(error) if isinstance(error, dict) else {}
    code = str(members.pop("code", "error"))
    message = str(members.pop("message", f"The server answered with status {status}."))
    fields = members.pop("fields", {})
    default = ServerError if status >= 500 else ApiError
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, default)
    return kind(status, code, message, fields if isinstance(fields, dict) else {}, members, address)
