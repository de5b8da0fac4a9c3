"""Errors in bundles and rows."""

from __future__ import annotations


class BadBundle(ValueError):
    """The bundle is invalid or has an unsupported operator. The message names the file or the operator."""


class BadRow(ValueError):
    """The pipeline refuses a row; the container answers 400."""
