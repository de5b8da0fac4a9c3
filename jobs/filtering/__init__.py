"""The filters of a list of jobs: declared once, used by addresses of pages, the search box, the API, CSV and docs."""

from jobs.filtering.job_filter import FILTERS, Filter, JobFilter, find_filter
from jobs.filtering.kinds import Choice, FilterError, Moment, States, Text

__all__ = [
    "FILTERS",
    "Choice",
    "Filter",
    "FilterError",
    "JobFilter",
    "Moment",
    "States",
    "Text",
    "find_filter",
]
