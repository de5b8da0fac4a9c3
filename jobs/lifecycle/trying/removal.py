"""The objects of trials, deleted when they are old: they are copies of an input and their predictions."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.utils import timezone

from aws import GatewayError, Target, objects
from jobs.clock import passed
from jobs.lifecycle.aws_session import asking
from jobs.models import TrialRun
from jobs.states import ACTIVE
from transform.keys import parse_s3_uri

#: Trials of one round, and objects of one call.
_AT_ONCE, _OBJECTS = 10, 1000


def remove_old() -> int:
    """Delete the objects of some of the trials that ended more days ago than the settings say; returns their number.

    A trial whose objects cannot be deleted is tried again after a day.
    """
    age = timedelta(days=settings.TRIAL_DAYS)
    old = TrialRun.objects.filter(
        passed("job__changed_at", age), passed("try_at", timedelta()), removed_at=None
    ).exclude(job__overall_state__in=ACTIVE)
    count = 0
    for trial in old.order_by("try_at").select_related("job__connection")[:_AT_ONCE]:
        rows = TrialRun.objects.filter(pk=trial.pk)
        rows.update(try_at=timezone.now() + timedelta(days=1))
        try:
            with asking(trial.job.connection) as target:
                _delete_all(target, trial)
        except GatewayError:
            continue
        rows.update(removed_at=timezone.now())
        count += 1
    return count


def _delete_all(target: Target, trial: TrialRun) -> None:
    bucket, folder = parse_s3_uri(trial.place)
    while keys := [item.key for item in islice(objects.iterate(target, bucket, folder), _OBJECTS)]:
        objects.delete(target, bucket, keys)
