"""Jobs as pages and the API show them, with what is computed when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace

from jobs.lifecycle.after import costing
from jobs.lifecycle.queue import queueing
from jobs.models import TransformJob
from jobs.models.attempts import Merged
from jobs.models.standing import whole


def for_display(jobs: Iterable[TransformJob]) -> list[TransformJob]:
    """Copies of the jobs that stand as all attempts left them; a few queries for all of them.

    A waiting job says what it waits for and its place in line, a running one knows the price of its instances. The
    copies cannot be saved. The connections of the jobs must be at hand.
    """
    return [whole(shown_job) for shown_job in _copies(list(jobs))]


def for_display_with_attempts(job: TransformJob, merged: Merged) -> tuple[TransformJob, Merged]:
    """The job as in `for_display`, and copies of all attempts at it, each standing alone."""
    shown_job, *attempts = _copies([job, *merged.attempts])
    shown_attempts = replace(merged, attempts=tuple(attempts))
    return shown_attempts.as_whole(shown_job), shown_attempts


def _copies(jobs: Sequence[TransformJob]) -> list[TransformJob]:
    reasons, prices = queueing.waiting_reasons(jobs), costing.current_prices(jobs)
    copies = []
    for job in jobs:
        shown_job = copy(job)
        shown_job.is_copy = True
        shown_job.state_reason = reasons.get(job.pk, job.state_reason)
        if job.pk in prices:
            shown_job.price_now = prices[job.pk]
        copies.append(shown_job)
    return copies
