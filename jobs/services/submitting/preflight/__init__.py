"""Preflight: what is wrong, doubtful or worth knowing about a request before it is submitted."""

from jobs.services.submitting.preflight.filter_trial import Trial
from jobs.services.submitting.preflight.findings import Finding, FindingLevel
from jobs.services.submitting.preflight.running import PreflightReport, run

__all__ = ["Finding", "FindingLevel", "PreflightReport", "Trial", "run"]
