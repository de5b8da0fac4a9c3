"""The fields of a transform request and our own options, in a job's answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.serializer_fields import option_answer_fields, request_answer_fields


class RequestAnswer(serializers.Serializer[Any]):
    """A request in the SDK's field names, null for fields that were left out, and our own options."""

    def get_fields(self) -> dict[str, Any]:
        """The subclass's own fields, then our own options, then the request's fields."""
        return {**super().get_fields(), **option_answer_fields(), **request_answer_fields()}


#: Their names, in the order of an answer.
REQUEST_FIELDS = tuple(request_answer_fields())
