"""Uploads of large files that have not ended."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone

from jobs.models.connection import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User
from transform.object_names import LONGEST_KEY


def new_upload_key() -> str:
    """A random id for addresses."""
    return secrets.token_hex(8)


class Upload(models.Model):
    """A multipart upload in S3. The row is deleted when the upload is completed or aborted.

    `size` and `part_size` are in bytes; `modified` is the file's time in milliseconds, 0 if it is not known: with name
    and size it recognises the same file when it is chosen again.
    """

    key = models.CharField(max_length=16, unique=True, default=new_upload_key)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="uploads")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="uploads")
    bucket = models.CharField(max_length=255)
    object_key = models.CharField(max_length=LONGEST_KEY)
    size = models.BigIntegerField()
    modified = models.BigIntegerField(default=0)
    part_size = models.BigIntegerField()
    upload_id = models.TextField(help_text="S3's id of the upload.")
    started_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(default=timezone.now, help_text="When the last part came.")

    objects: ClassVar[TeamQuerySet[Upload]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["used_at"], name="upload_used"),
            models.Index(fields=["team", "user"], name="upload_of_person"),
        ]

    def __str__(self) -> str:
        return self.uri

    @property
    def uri(self) -> str:
        """The address of the object that it becomes."""
        return f"s3://{self.bucket}/{self.object_key}"

    @property
    def part_count(self) -> int:
        """The number of parts that it has when it is complete."""
        return -(-self.size // self.part_size)

    def size_of_part(self, number: int) -> int:
        """Bytes of this part; 0 for a number that it has not."""
        return max(0, min(self.part_size, self.size - (number - 1) * self.part_size)) if number > 0 else 0

    def note_use(self) -> None:
        """Write that a part came, at most once a minute."""
        now = timezone.now()
        if (now - self.used_at).total_seconds() > 60:
            self.rows().update(used_at=now)

    def rows(self) -> QuerySet[Upload]:
        """This row, for an update or delete that another process may have made already."""
        return Upload.objects.filter(pk=self.pk)
