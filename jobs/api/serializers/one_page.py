"""Lists that are always answered whole."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class OnePageAnswer(serializers.Serializer[Any]):
    """A list in the shape of all lists, whose one page has all rows: `next` and `previous` are null."""

    next = serializers.URLField(allow_null=True, default=None)
    previous = serializers.URLField(allow_null=True, default=None)
