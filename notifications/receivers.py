"""What is done when a job ends, and when another app announces something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jobs.models import Lease, TransformJob
from jobs.models.job_end import job_ended
from jobs.tasks import enqueue
from notifications import tasks
from notifications.lifecycle import collecting
from notifications.lifecycle.publishing import publish
from notifications.models import NotificationEvent
from teams.announcing import Announcement, announced

#: When many jobs end, their timelines are read once in this time; beat has them read too.
_PAUSE = timedelta(seconds=1)


def listen() -> None:
    """Connect the receivers; called once at start."""
    job_ended.connect(note_end, dispatch_uid="notifications")
    announced.connect(note_announcement, dispatch_uid="notifications")


def note_end(job_id: int, **_: Any) -> None:
    """Have the timelines read soon. Without the broker, beat's next round does it."""
    team_id = TransformJob.objects.filter(pk=job_id).values_list("team", flat=True).first()
    if (
        team_id is not None
        and collecting.is_anybody_told(team_id)
        and Lease.claim("notifications-news", _PAUSE)
    ):
        enqueue(tasks.reconcile)


def note_announcement(announcement: Announcement, **_: Any) -> None:
    """Write the messages in the announcer's transaction, and have them sent after it."""
    event = NotificationEvent(
        team=announcement.team,
        key=announcement.key,
        kind=announcement.kind,
        title=" ".join(announcement.title.split())[:300],
        reason=announcement.reason,
        path=announcement.path,
        data=dict(announcement.facts),
        person=announcement.person,
    )
    if publish([event]):
        enqueue(tasks.send_messages)
