"""How a job's request differs from that of the job it finishes, repeats or was cloned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.models import TransformJob
from jobs.models.job_values import OWN_TAGS
from jobs.services.submitting import job_options


@dataclass(frozen=True, slots=True)
class Changed:
    """One field by the API's name, such as max_payload or env.LEVEL; None where it was not given."""

    field: str
    was: Any
    now: Any


def since_parent(job: TransformJob) -> tuple[Changed, ...]:
    """The fields in which the job's request is another than its parent's, by name; none without a parent."""
    if job.parent is None:
        return ()
    before, after = (dict(_flat(_asked(one))) for one in (job.parent, job))
    return tuple(
        Changed(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _asked(job: TransformJob) -> dict[str, Any]:
    """The job's fields as a body has them, without its name, which is always its own."""
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
