"""Views of the API of what a job has produced."""

from results.api.views.checks import HoldView, JobChecksView, OneOutputCheck, OutputChecks
from results.api.views.comparing import CompareView
from results.api.views.logs import LogsView, LogTextView
from results.api.views.metrics import MetricsView
from results.api.views.outputs import DownloadView, OutputsView, PreviewView
from results.api.views.records import RecordsView

__all__ = [
    "CompareView",
    "DownloadView",
    "HoldView",
    "JobChecksView",
    "LogTextView",
    "LogsView",
    "MetricsView",
    "OneOutputCheck",
    "OutputChecks",
    "OutputsView",
    "PreviewView",
    "RecordsView",
]
