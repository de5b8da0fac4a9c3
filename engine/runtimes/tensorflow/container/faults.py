"""Why a request is refused, and why a model cannot be served."""

from __future__ import annotations


class BadModelFolder(ValueError):
    """The model's folder or a setting cannot be served. The message says what to change."""


class ServingFault(Exception):
    """TensorFlow Serving refuses a request. `status` is the HTTP status of its REST interface."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def invalid(message: str) -> ServingFault:
    """An invalid argument: HTTP 400."""
    return ServingFault(400, message)


#: HTTP statuses of TensorFlow's error codes (error_codes.proto); all others are 500. 499 has no name in HTTP.
HTTP_STATUSES = {
    3: 400,
    9: 400,
    11: 400,
    5: 404,
    6: 409,
    10: 409,
    7: 403,
    8: 429,
    12: 501,
    14: 503,
    4: 504,
    16: 401,
}
