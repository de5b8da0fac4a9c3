"""The errors of the engine. Operations raise ServiceError, which the wire writes in the protocol's form."""

from __future__ import annotations


class ServiceError(Exception):
    """An AWS error for the client.

    `code` is the name that clients match on (`ValidationException`, `NoSuchKey`), `message` the text they print,
    `status` the HTTP status. `extra` has further fields of the error's body, such as S3's `Key` or `BucketName`.
    `headers` are headers of the answer, which S3's 304 and 416 need.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        extra: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}
        self.headers = headers or {}


class CannotRun(Exception):
    """A container cannot run on this machine. The message is a sentence for the job's FailureReason.

    `blame` is the prefix that SageMaker uses: ClientError if the user can fix it.
    """

    blame = "ClientError"


def validation_error(message: str) -> ServiceError:
    """SageMaker's error for most bad requests, including unknown names."""
    return ServiceError("ValidationException", message)


def invalid_argument(message: str, name: str, value: str) -> ServiceError:
    """S3's error for a bad value; `name` is that of the header, query word or element."""
    return ServiceError("InvalidArgument", message, extra={"ArgumentName": name, "ArgumentValue": value})


def not_implemented(service: str, operation: str) -> ServiceError:
    """The error for an AWS operation that this engine does not have."""
    return ServiceError(
        "NotImplementedException",
        f"The embedded engine does not implement {service}:{operation}.",
        status=501,
    )


class BadSetting(ValueError):
    """A setting has an invalid value. The message names the setting and the expected form."""
