"""Why a job failed, for pages and the API, read from its row alone, so that lists can show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from failures import Cause, Facts, cause_named, classify
from jobs.models import TransformJob
from transform.record_places import RecordPlace, parse_place


@dataclass(frozen=True, slots=True)
class ToTry:
    """A change to the job's request; `field` is the form's and the API's name, `was` is None if it was not set.

    An empty `value` leaves the field out.
    """

    field: str
    value: str
    was: Any
    says: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The cause, the text that shows it and its source (empty if no rule fits), and a change worth a try.

    `object` is the key of the input that failed, empty if it is not known; `place` has the records of its request.
    """

    about: Cause
    quoted: str
    source: str
    change: ToTry | None
    #: Whether a log has still to be read, which may show another cause.
    unread: bool
    #: Whether the rules were tried on its log.
    log_read: bool
    object: str
    place: RecordPlace | None
    on_engine: bool

    @property
    def cause(self) -> str:
        """The cause's slug."""
        return self.about.slug

    @property
    def title(self) -> str:
        """The cause in a few words."""
        return self.about.title

    @property
    def advice(self) -> str:
        """What to do about it."""
        return self.about.advice_for(engine=self.on_engine)

    @property
    def is_known(self) -> bool:
        """Whether a rule fits."""
        return self.about != cause_named("")


def failure_of(job: TransformJob) -> Failure | None:
    """Why the job failed or was rejected; None if it did neither."""
    if not job.has_failed:
        return None
    stored = job.failure
    return Failure(
        cause_named(job.cause),
        stored.get("quoted", ""),
        stored.get("source", ""),
        _to_try(job, stored.get("change")),
        job.explain_at is not None,
        bool(stored.get("log_read")),
        # The data log names it with its bucket.
        stored.get("object", "").partition("/")[2],
        parse_place(stored.get("records", "")),
        job.connection.is_engine,
    )


def may_end_otherwise(job: TransformJob) -> bool:
    """Whether the same request may succeed if it runs again: the job did not fail, or its failure may pass."""
    return not job.has_failed or classify(job.state_reason).may_pass


def try_url(job: TransformJob, change: ToTry) -> str:
    """The URL of the new-job form, filled in from the job with the change applied."""
    query = urlencode({"from": job.key, "change": change.field, "to": change.value})
    return f"{reverse('new-job')}?{query}"


def _to_try(job: TransformJob, change: dict[str, str] | None) -> ToTry | None:
    if not change:
        return None
    return ToTry(**change, was=Facts(spec=job.spec).of(change["field"]))
