"""Answers of the API about what a job has produced."""

from results.api.serializers.checks import (
    CheckAnswer,
    CheckBody,
    CheckChangesBody,
    CheckQuery,
    DecisionBody,
    JobChecksAnswer,
)
from results.api.serializers.comparing import CompareAnswer
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
    "CheckAnswer",
    "CheckBody",
    "CheckChangesBody",
    "CheckQuery",
    "CompareAnswer",
    "DecisionBody",
    "JobChecksAnswer",
    "LogLineAnswer",
    "LogsAnswer",
    "OutputAnswer",
    "OutputsAnswer",
    "PreviewAnswer",
    "RecordsAnswer",
    "UsageAnswer",
]
