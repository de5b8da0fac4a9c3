"""The one error the engine's operations raise; the wire turns it into the protocol's own shape."""

from __future__ import annotations


class ServiceError(Exception):
    """An answer the client should see: an AWS error code, a sentence, an HTTP status.

    `code` is the name clients match on (`ValidationException`, `NoSuchKey`), `message` the text they print.
    `extra` holds further fields of the error's body, such as S3's `Key` or `BucketName`; `headers` goes with
    S3's 304 and 416, whose meaning is partly in their headers.
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
    """Why a container cannot run on this machine; the message is a sentence for the job's FailureReason.

    `blame` is the word SageMaker puts in front: ClientError if the user can mend it.
    """

    blame = "ClientError"


def validation_error(message: str) -> ServiceError:
    """What SageMaker answers to most bad requests, unknown names included."""
    return ServiceError("ValidationException", message)


def not_implemented(service: str, operation: str) -> ServiceError:
    """The typed answer to an AWS operation this engine does not have."""
    return ServiceError(
        "NotImplementedException",
        f"The embedded engine does not implement {service}:{operation}.",
        status=501,
    )


class BadSetting(ValueError):
    """A setting that cannot be understood; the message names it and says what it should look like."""
