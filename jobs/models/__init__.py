"""The models of the jobs app."""

from jobs.models.budget import CallBudget
from jobs.models.connection import Connection
from jobs.models.event import JobEvent
from jobs.models.heartbeat import Heartbeat
from jobs.models.image import ContainerImage
from jobs.models.job import TransformJob
from jobs.models.lease import Lease
from jobs.models.planned import PlannedObject
from jobs.models.preset import Preset
from jobs.models.price import InstancePrice
from jobs.models.quotas import Quotas
from jobs.models.registered import RegisteredModel
from jobs.models.rows import RowComparison, RowIndex
from jobs.models.view import DefaultView, SavedView

__all__ = [
    "CallBudget",
    "Connection",
    "ContainerImage",
    "DefaultView",
    "Heartbeat",
    "InstancePrice",
    "JobEvent",
    "Lease",
    "PlannedObject",
    "Preset",
    "Quotas",
    "RegisteredModel",
    "RowComparison",
    "RowIndex",
    "SavedView",
    "TransformJob",
]
