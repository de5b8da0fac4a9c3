"""What can be wrong with a bundle or with a row."""

from __future__ import annotations


class BadBundle(ValueError):
    """The bundle cannot be read or has an operator that is not built; the message names the file or the operator."""


class BadRow(ValueError):
    """The pipeline refuses a row, as the container does with a 400."""
