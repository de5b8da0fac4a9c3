"""Errors that scripts catch or raise."""

from __future__ import annotations


class ClientError(Exception):
    """User code failed."""


class UnsupportedFormatError(Exception):
    """There is no encoder or decoder for a content type."""

    def __init__(
        self, content_type: str, kind: str = "Content type", advice: str = "input_fn to read it"
    ) -> None:
        self.message = f"{kind} {content_type} is not supported by this framework; define {advice}"
        super().__init__(self.message)
