"""Uploads that nobody goes on with: their parts would fill the disk, or cost money on AWS."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from aws import GatewayError, uploads
from jobs.clock import passed
from jobs.lifecycle.aws_session import asking
from jobs.models import Upload

#: Uploads that one round aborts.
_AT_ONCE = 20
#: The pause before one that could not be aborted is tried again, so that it does not keep back the others.
_TRY_AGAIN = timedelta(hours=1)


def abort_old() -> int:
    """Abort some of the uploads to which no part came for the hours of the settings; returns their number."""
    age = timedelta(hours=settings.UPLOAD_HOURS)
    old = Upload.objects.filter(passed("used_at", age)).order_by("used_at").select_related("connection")
    count = 0
    for upload in old[:_AT_ONCE]:
        try:
            with asking(upload.connection) as target:
                uploads.abort(target, upload.bucket, upload.object_key, upload.upload_id)
        except GatewayError:
            upload.rows().update(used_at=timezone.now() - age + _TRY_AGAIN)
            continue
        count += upload.rows().delete()[0]
    return count
