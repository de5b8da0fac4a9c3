"""Where a job's time went: waiting here, waiting for instances, running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from jobs.models import TransformJob

#: The least width in percent, so that a phase of a second is visible beside one of hours.
_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a job's life; `end` is None while it lasts. `x` and `width` are percentages of the bar."""

    name: str
    meaning: str
    start: datetime
    end: datetime | None
    x: float
    width: float


def phases(job: TransformJob) -> tuple[Phase, ...]:
    """The phases that have begun, in order; a job that was created outside has none before SageMaker accepted it."""
    stretches = [
        (name, meaning, start, end)
        for name, meaning, start, end in (
            ("Queued", f"until {job.connection.service} accepted it", job.created_at, job.accepted_at),
            ("Provisioning", "until its instances were ready", job.accepted_at, job.started_at),
            ("Running", "until its last object", job.started_at, job.ended_at),
        )
        if start is not None and not (job.external and name == "Queued")
    ]
    now = timezone.now()
    # The last phase of an ended job lasted until its end.
    stretches = [(name, meaning, start, end or job.ended_at) for name, meaning, start, end in stretches]
    lengths = [max(0.0, ((end or now) - start).total_seconds()) for _, _, start, end in stretches]
    return _placed(stretches, lengths)


def _placed(
    stretches: list[tuple[str, str, datetime, datetime | None]], lengths: list[float]
) -> tuple[Phase, ...]:
    total = sum(lengths) or 1.0
    widths = [max(_LEAST, 100 * length / total) for length in lengths]
    scale, x, placed = 100 / sum(widths), 0.0, []
    for stretch, width in zip(stretches, widths, strict=True):
        placed.append(Phase(*stretch, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return tuple(placed)
