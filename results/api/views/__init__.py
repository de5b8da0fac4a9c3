"""Views of the API of what a job has produced."""

from results.api.views.logs import LogsView, LogTextView
from results.api.views.metrics import MetricsView
from results.api.views.outputs import DownloadView, OutputsView, PreviewView
from results.api.views.records import RecordsView

__all__ = [
    "DownloadView",
    "LogTextView",
    "LogsView",
    "MetricsView",
    "OutputsView",
    "PreviewView",
    "RecordsView",
]
