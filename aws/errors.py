"""Errors of AWS and engines, named for the decision they lead to. Each message is a sentence for a person."""

from __future__ import annotations

#: Codes of a call that the credentials do not allow: those of SageMaker and others, of S3, and of SQS.
DENIED_CODES = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"),
        *("AuthorizationError", "AuthorizationErrorException", "Forbidden", "403", "AllAccessDisabled"),
    }
)


class GatewayError(Exception):
    """The base class; raise one of its subclasses.

    `code` is the service's own name for the error, such as ValidationException; empty if it never answered.
    """

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code

    @property
    def is_denied(self) -> bool:
        """Whether the credentials lack a permission."""
        return self.code in DENIED_CODES


class Rejected(GatewayError):
    """The request is wrong and must be changed."""


class Throttled(GatewayError):
    """Too many calls: repeat the request later."""


class Paced(Throttled):
    """Not sent, to keep our own rate limit: repeat the request soon."""


class Unreachable(GatewayError):
    """No usable answer, or an error of the service: repeat the request later."""


class NoCapacity(GatewayError):
    """A quota or the region's capacity is used up: wait in the queue."""
