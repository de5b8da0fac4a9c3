"""The differences between a job's request and that of the job it finishes, repeats or was cloned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.models import TransformJob
from jobs.models.job_values import OWN_TAGS
from jobs.services.submitting import job_options


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed field by the API's name, such as max_payload or env.LEVEL; a value is None if it was not set."""

    field: str
    was: Any
    now: Any


def since_parent(job: TransformJob) -> tuple[Changed, ...]:
    """The fields that differ from the parent's request, by name; empty without a parent."""
    if job.parent is None:
        return ()
    before, after = (flat_fields(job_or_parent) for job_or_parent in (job.parent, job))
    return tuple(
        Changed(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def flat_fields(job: TransformJob) -> dict[str, Any]:
    """The fields of a job's request by name, such as max_payload or env.LEVEL."""
    return dict(_flat(_fields_of(job)))


def _fields_of(job: TransformJob) -> dict[str, Any]:
    """The job's fields as in a body, without its name, which always differs."""
    spec = {name: value for name, value in job.spec.items() if name not in ("model_name", "name")}
    return {
        "connection": job.connection.slug,
        "model": job.model_name,
        **spec,
        **job_options.non_default_options(job),
    }


def _flat(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        elif name not in OWN_TAGS:
            yield f"{above}{name}", value
