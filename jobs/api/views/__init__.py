"""The API's views: each fetches within the team, calls one service and answers."""

from jobs.api.views.connections import AccountQuotas, Browse, Connections, OneConnection, TestConnection
from jobs.api.views.costs import Costs, Prices, ReadPrices
from jobs.api.views.files import Files
from jobs.api.views.jobs import Acts, Archive, Causes, Finish, Job, Jobs, Preflight, Restore, Retry, Stop
from jobs.api.views.logs import Logs, LogText
from jobs.api.views.many import Many
from jobs.api.views.metrics import Metrics
from jobs.api.views.models import Model, ModelCheck, Models
from jobs.api.views.presets import OnePreset, Presets
from jobs.api.views.records import Records
from jobs.api.views.results import Download, Outputs, Preview
from jobs.api.views.team import Members, TeamActivity
from jobs.api.views.views import View, Views

__all__ = [
    "AccountQuotas",
    "Acts",
    "Archive",
    "Browse",
    "Causes",
    "Connections",
    "Costs",
    "Download",
    "Files",
    "Finish",
    "Job",
    "Jobs",
    "LogText",
    "Logs",
    "Many",
    "Members",
    "Metrics",
    "Model",
    "ModelCheck",
    "Models",
    "OneConnection",
    "OnePreset",
    "Outputs",
    "Preflight",
    "Presets",
    "Preview",
    "Prices",
    "ReadPrices",
    "Records",
    "Restore",
    "Retry",
    "Stop",
    "TeamActivity",
    "TestConnection",
    "View",
    "Views",
]
