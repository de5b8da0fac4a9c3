"""What of a job a rule may ask for: some of the filters of the list of jobs, under the same words."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.filtering import JobFilter

#: Filters of `jobs.filtering` that a rule may have.
WORDS = ("connection", "model", "preset", "tag", "owner")


def job_filter(words: Mapping[str, str]) -> JobFilter:
    """The filter of jobs with these words; each attempt is looked at, and archived jobs too."""
    return JobFilter(**words, archived="any", attempts="any")
