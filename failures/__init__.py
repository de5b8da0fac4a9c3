"""The meaning of SageMaker's texts about failures and refusals, for retries and for people."""

from failures.blame import FailureKind, Refusal, classify, read_refusal
from failures.cause import UNKNOWN, Cause
from failures.causes import CAUSES, cause_named
from failures.changes import Change, Facts
from failures.data_log import ObjectError, read_error
from failures.explaining import Explanation, LogSource, LogText, columns, columns_of_reason, explain

__all__ = [
    "CAUSES",
    "UNKNOWN",
    "Cause",
    "Change",
    "Explanation",
    "Facts",
    "FailureKind",
    "LogSource",
    "LogText",
    "ObjectError",
    "Refusal",
    "cause_named",
    "classify",
    "columns",
    "columns_of_reason",
    "explain",
    "read_error",
    "read_refusal",
]
