"""Rows as JSON: what the API answers with. Serializers here only write; requests are read by the services."""

from jobs.api.serializers.browsing import BrowseAnswer
from jobs.api.serializers.bulk_actions import ManyAnswer, PassedOverAnswer
from jobs.api.serializers.connections import (
    ConnectionAnswer,
    LimitAnswer,
    LimitsAnswer,
    TestAnswer,
    TestLineAnswer,
)
from jobs.api.serializers.costs import CostAnswer, PriceAnswer, PricesAnswer, TotalAnswer, TotalsAnswer
from jobs.api.serializers.failures import CauseAnswer, ChangeAnswer, FailureAnswer
from jobs.api.serializers.files import FileAnswer, FileCountsAnswer, FilesAnswer
from jobs.api.serializers.jobs import (
    ActsAnswer,
    AttemptAnswer,
    EventAnswer,
    JobAnswer,
    JobDetailAnswer,
    RowsAnswer,
)
from jobs.api.serializers.models import ModelAnswer, ModelDetailAnswer, ModelFiguresAnswer
from jobs.api.serializers.preflight import FindingAnswer, PreflightAnswer
from jobs.api.serializers.presets import DifferenceAnswer, PresetAnswer
from jobs.api.serializers.saved_views import ViewAnswer
from jobs.api.serializers.team import ActivityAnswer, MemberAnswer

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
    "ManyAnswer",
    "MemberAnswer",
    "ModelAnswer",
    "ModelDetailAnswer",
    "ModelFiguresAnswer",
    "PassedOverAnswer",
    "PreflightAnswer",
    "PresetAnswer",
    "PriceAnswer",
    "PricesAnswer",
    "RowsAnswer",
    "TestAnswer",
    "TestLineAnswer",
    "TotalAnswer",
    "TotalsAnswer",
    "ViewAnswer",
]
