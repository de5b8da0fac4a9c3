"""What a rule may ask for: some of the filters of the list of jobs, under the same words."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.filtering import JobFilter

#: Filters of `jobs.filtering` that a rule may have.
WORDS = ("connection", "model", "preset", "tag", "owner", "deployment")
#: Those of them that events beside jobs can be compared with.
BESIDE_JOBS = frozenset({"owner", "deployment"})


def job_filter(words: Mapping[str, str]) -> JobFilter:
    """The filter of jobs with these words; each attempt is looked at, and archived jobs too."""
    return JobFilter(**words, archived="any", attempts="any")


def is_of_deployment(facts: Mapping[str, object], words: str) -> bool:
    """Whether an event with these facts is of this deployment, or of this stage if it is written DEPLOYMENT/STAGE."""
    deployment = str(facts.get("deployment", ""))
    return words in (deployment, f"{deployment}/{facts.get('stage', '')}") and bool(deployment)
