"""The API's views: each fetches within the team, calls one service and answers."""

from jobs.api.views.bulk_actions import Many
from jobs.api.views.connections import AccountQuotas, Browse, Connections, OneConnection, TestConnection
from jobs.api.views.costs import Costs, Prices, ReadPrices
from jobs.api.views.files import Files
from jobs.api.views.jobs import Acts, Archive, Causes, Finish, Job, Jobs, Preflight, Restore, Retry, Stop
from jobs.api.views.models import Model, ModelCheck, Models
from jobs.api.views.presets import OnePreset, PresetDefault, Presets
from jobs.api.views.saved_views import View, Views
from jobs.api.views.team import Members, TeamActivity

__all__ = [
    "AccountQuotas",
    "Acts",
    "Archive",
    "Browse",
    "Causes",
    "Connections",
    "Costs",
    "Files",
    "Finish",
    "Job",
    "Jobs",
    "Many",
    "Members",
    "Model",
    "ModelCheck",
    "Models",
    "OneConnection",
    "OnePreset",
    "Preflight",
    "PresetDefault",
    "Presets",
    "Prices",
    "ReadPrices",
    "Restore",
    "Retry",
    "Stop",
    "TeamActivity",
    "TestConnection",
    "View",
    "Views",
]
