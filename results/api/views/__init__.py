"""Views of the API of what a job has produced."""

from results.api.views.logs import Logs, LogText
from results.api.views.metrics import Metrics
from results.api.views.outputs import Download, Outputs, Preview
from results.api.views.records import Records

__all__ = ["Download", "LogText", "Logs", "Metrics", "Outputs", "Preview", "Records"]
