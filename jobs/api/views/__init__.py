"""The API's views: each fetches within the team, calls one service and answers."""

from jobs.api.views.connections import Connections
from jobs.api.views.jobs import Job, Jobs, Stop
from jobs.api.views.models import Models
from jobs.api.views.results import Download, Logs, Outputs, Preview

__all__ = ["Connections", "Download", "Job", "Jobs", "Logs", "Models", "Outputs", "Preview", "Stop"]
