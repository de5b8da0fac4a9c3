"""Trouble on the other side, named for the decision it leads to. Each message is a sentence for a person."""

from __future__ import annotations


class GatewayError(Exception):
    """Base of those below; raise one of them.

    `code` is the service's own name for the error, such as ValidationException; empty if it never answered.
    """

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


class Rejected(GatewayError):
    """The request is wrong for good: tell the person."""


class Throttled(GatewayError):
    """Asked too often: the same again later."""


class Paced(Throttled):
    """Not sent at all, since we ourselves would ask too often: the same again soon."""


class Unreachable(GatewayError):
    """No usable answer, or a fault of the service's own: the same again later."""


class NoCapacity(GatewayError):
    """A quota or the region's capacity is used up: wait in the queue."""
