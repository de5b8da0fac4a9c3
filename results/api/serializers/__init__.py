"""Answers of the API about what a job has produced."""

from results.api.serializers.metrics import UsageAnswer
from results.api.serializers.outputs import (
    LogLineAnswer,
    LogsAnswer,
    OutputAnswer,
    OutputsAnswer,
    PreviewAnswer,
)
from results.api.serializers.records import RecordsAnswer

__all__ = [
    "LogLineAnswer",
    "LogsAnswer",
    "OutputAnswer",
    "OutputsAnswer",
    "PreviewAnswer",
    "RecordsAnswer",
    "UsageAnswer",
]
