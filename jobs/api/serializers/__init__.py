"""Rows as JSON: what the API answers with. Serializers here only write; requests are read by the services."""

from jobs.api.serializers.browsing import BrowseAnswer
from jobs.api.serializers.bulk_actions import BulkAnswer, ManyAnswer, PassedOverAnswer
from jobs.api.serializers.connections import (
    ConnectionAnswer,
    LimitAnswer,
    LimitsAnswer,
    NewConnectionAnswer,
    TestAnswer,
    TestLineAnswer,
)
from jobs.api.serializers.costs import (
    BudgetAnswer,
    CostAnswer,
    ForecastAnswer,
    PriceAnswer,
    PricesAnswer,
    TotalAnswer,
    TotalsAnswer,
)
from jobs.api.serializers.data import (
    ConversionAnswer,
    CountAnswer,
    EngineKeyAnswer,
    LossAnswer,
    NewEngineKeyAnswer,
    ObjectAnswer,
    UploadAnswer,
)
from jobs.api.serializers.failures import CauseAnswer, CausesAnswer, ChangeAnswer, FailureAnswer
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
from jobs.api.serializers.team import ActivityAnswer, ApiTokenAnswer, MeAnswer, MemberAnswer, NewTokenAnswer
from jobs.api.serializers.trends import TrendsAnswer

__all__ = [
    "ActivityAnswer",
    "ActsAnswer",
    "ApiTokenAnswer",
    "AttemptAnswer",
    "BrowseAnswer",
    "BudgetAnswer",
    "BulkAnswer",
    "CauseAnswer",
    "CausesAnswer",
    "ChangeAnswer",
    "ConnectionAnswer",
    "ConversionAnswer",
    "CostAnswer",
    "CountAnswer",
    "DifferenceAnswer",
    "EngineKeyAnswer",
    "EventAnswer",
    "FailureAnswer",
    "FileAnswer",
    "FileCountsAnswer",
    "FilesAnswer",
    "FindingAnswer",
    "ForecastAnswer",
    "JobAnswer",
    "JobDetailAnswer",
    "LimitAnswer",
    "LimitsAnswer",
    "LossAnswer",
    "ManyAnswer",
    "MeAnswer",
    "MemberAnswer",
    "ModelAnswer",
    "ModelDetailAnswer",
    "ModelFiguresAnswer",
    "NewConnectionAnswer",
    "NewEngineKeyAnswer",
    "NewTokenAnswer",
    "ObjectAnswer",
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
    "TrendsAnswer",
    "UploadAnswer",
    "ViewAnswer",
]
