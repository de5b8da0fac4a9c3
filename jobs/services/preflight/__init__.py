"""Preflight: what is wrong, doubtful or worth knowing about a request before it is submitted."""

from jobs.services.preflight.findings import Finding, Level
from jobs.services.preflight.running import Report, run
from jobs.services.preflight.trying import Trial

__all__ = ["Finding", "Level", "Report", "Trial", "run"]
