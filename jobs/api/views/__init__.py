"""The API's views: each fetches within the team, calls one service and answers."""

from jobs.api.views.bad_records import (
    OneRecordSearch,
    RecordSearches,
    RunWithoutBadRecords,
    SearchPlans,
    StopRecordSearch,
)
from jobs.api.views.bulk_actions import Bulk, Many
from jobs.api.views.connections import AccountQuotas, Browse, Connections, OneConnection, TestConnection
from jobs.api.views.conversions import Conversions, OneConversion, StopConversion
from jobs.api.views.costs import Costs, Prices, ReadPrices, TeamBudget
from jobs.api.views.data import (
    Buckets,
    CompleteUpload,
    Counts,
    Folders,
    Objects,
    OneUpload,
    UploadPart,
    Uploads,
)
from jobs.api.views.engine_keys import EngineKeys, OneEngineKey
from jobs.api.views.files import Files
from jobs.api.views.jobs import (
    Acts,
    Archive,
    Causes,
    Finish,
    Job,
    Jobs,
    Preflight,
    Restore,
    Retry,
    Stop,
    Trials,
)
from jobs.api.views.models import Model, ModelCheck, Models
from jobs.api.views.presets import OnePreset, PresetDefault, Presets
from jobs.api.views.saved_views import View, Views
from jobs.api.views.team import Me, Members, TeamActivity
from jobs.api.views.tokens import OneToken, Tokens
from jobs.api.views.trends import TrendsOverTime

__all__ = [
    "AccountQuotas",
    "Acts",
    "Archive",
    "Browse",
    "Buckets",
    "Bulk",
    "Causes",
    "CompleteUpload",
    "Connections",
    "Conversions",
    "Costs",
    "Counts",
    "EngineKeys",
    "Files",
    "Finish",
    "Folders",
    "Job",
    "Jobs",
    "Many",
    "Me",
    "Members",
    "Model",
    "ModelCheck",
    "Models",
    "Objects",
    "OneConnection",
    "OneConversion",
    "OneEngineKey",
    "OnePreset",
    "OneRecordSearch",
    "OneToken",
    "OneUpload",
    "Preflight",
    "PresetDefault",
    "Presets",
    "Prices",
    "ReadPrices",
    "RecordSearches",
    "Restore",
    "Retry",
    "RunWithoutBadRecords",
    "SearchPlans",
    "Stop",
    "StopConversion",
    "StopRecordSearch",
    "TeamActivity",
    "TeamBudget",
    "TestConnection",
    "Tokens",
    "TrendsOverTime",
    "Trials",
    "UploadPart",
    "Uploads",
    "View",
    "Views",
]
