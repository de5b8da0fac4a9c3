"""The API's views: each fetches within the team, calls one service and answers."""

from jobs.api.views.connections import AccountQuotas, Connections, OneConnection
from jobs.api.views.jobs import Finish, Job, Jobs, Retry, Stop
from jobs.api.views.models import Models
from jobs.api.views.results import Download, Logs, Outputs, Preview

__all__ = [
    "AccountQuotas",
    "Connections",
    "Download",
    "Finish",
    "Job",
    "Jobs",
    "Logs",
    "Models",
    "OneConnection",
    "Outputs",
    "Preview",
    "Retry",
    "Stop",
]
