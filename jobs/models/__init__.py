"""The models of the jobs app."""

from jobs.models.budget import CallBudget
from jobs.models.connection import Connection
from jobs.models.conversion import Conversion
from jobs.models.day_sum import DaySum, Dimension
from jobs.models.engine_key import EngineKey
from jobs.models.event import JobEvent
from jobs.models.heartbeat import Heartbeat
from jobs.models.image import ContainerImage
from jobs.models.job import TransformJob
from jobs.models.lease import Lease
from jobs.models.monthly_budget import MonthlyBudget
from jobs.models.planned import PlannedObject
from jobs.models.preset import Preset
from jobs.models.price import InstancePrice
from jobs.models.quotas import Quotas
from jobs.models.record_search import RecordSearch
from jobs.models.registered import RegisteredModel
from jobs.models.rows import RowComparison, RowIndex
from jobs.models.trial import TrialRun
from jobs.models.upload import Upload
from jobs.models.view import DefaultView, SavedView

__all__ = [
    "CallBudget",
    "Connection",
    "ContainerImage",
    "Conversion",
    "DaySum",
    "DefaultView",
    "Dimension",
    "EngineKey",
    "Heartbeat",
    "InstancePrice",
    "JobEvent",
    "Lease",
    "MonthlyBudget",
    "PlannedObject",
    "Preset",
    "Quotas",
    "RecordSearch",
    "RegisteredModel",
    "RowComparison",
    "RowIndex",
    "SavedView",
    "TransformJob",
    "TrialRun",
    "Upload",
]
