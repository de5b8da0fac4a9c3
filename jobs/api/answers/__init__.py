"""Rows as JSON: what the API answers with. Serializers here only write; requests are read by the services."""

from jobs.api.answers.browsing import BrowseAnswer
from jobs.api.answers.connections import (
    ConnectionAnswer,
    LimitAnswer,
    LimitsAnswer,
    TestAnswer,
    TestLineAnswer,
)
from jobs.api.answers.costs import CostAnswer, PriceAnswer, PricesAnswer, TotalAnswer, TotalsAnswer
from jobs.api.answers.failures import CauseAnswer, ChangeAnswer, FailureAnswer
from jobs.api.answers.jobs import (
    ActsAnswer,
    AttemptAnswer,
    EventAnswer,
    JobAnswer,
    JobDetailAnswer,
    RowsAnswer,
)
from jobs.api.answers.many import ManyAnswer, PassedOverAnswer
from jobs.api.answers.metrics import UsageAnswer
from jobs.api.answers.models import ModelAnswer, ModelDetailAnswer, ModelFiguresAnswer
from jobs.api.answers.preflight import FindingAnswer, PreflightAnswer
from jobs.api.answers.presets import DifferenceAnswer, PresetAnswer
from jobs.api.answers.records import RecordsAnswer
from jobs.api.answers.results import (
    FileAnswer,
    FileCountsAnswer,
    FilesAnswer,
    LogLineAnswer,
    LogsAnswer,
    OutputAnswer,
    OutputsAnswer,
    PreviewAnswer,
)
from jobs.api.answers.team import ActivityAnswer, MemberAnswer
from jobs.api.answers.views import ViewAnswer

__all__ = [
    "ActivityAnswer",
    "ActsAnswer",
    "AttemptAnswer",
    "BrowseAnswer",
    "CauseAnswer",
    "ChangeAnswer",
    "ConnectionAnswer",
    "CostAnswer",
    "DifferenceAnswer",
    "EventAnswer",
    "FailureAnswer",
    "FileAnswer",
    "FileCountsAnswer",
    "FilesAnswer",
    "FindingAnswer",
    "JobAnswer",
    "JobDetailAnswer",
    "LimitAnswer",
    "LimitsAnswer",
    "LogLineAnswer",
    "LogsAnswer",
    "ManyAnswer",
    "MemberAnswer",
    "ModelAnswer",
    "ModelDetailAnswer",
    "ModelFiguresAnswer",
    "OutputAnswer",
    "OutputsAnswer",
    "PassedOverAnswer",
    "PreflightAnswer",
    "PresetAnswer",
    "PreviewAnswer",
    "PriceAnswer",
    "PricesAnswer",
    "RecordsAnswer",
    "RowsAnswer",
    "TestAnswer",
    "TestLineAnswer",
    "TotalAnswer",
    "TotalsAnswer",
    "UsageAnswer",
    "ViewAnswer",
]
