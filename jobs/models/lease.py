"""What one worker may do at a time."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone

from jobs.clock import due


class Lease(models.Model):
    """The right of one `holder` to a piece of work, until it releases it or until the time is over."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=16, help_text="Random; only who has it releases the lease.")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def claim(cls, name: str, length: timedelta) -> Lease | None:
        """Take the lease for `length`; None if another worker holds it."""
        holder, until = secrets.token_hex(8), timezone.now() + length
        lease, is_new = cls.objects.get_or_create(name=name, defaults={"holder": holder, "until": until})
        if is_new:
            return lease
        if cls.objects.filter(due("until", length), name=name).update(holder=holder, until=until) != 1:
            return None
        return cls(name=name, holder=holder, until=until)

    def release(self) -> None:
        """Give the lease back, unless its time was over and another worker holds it now."""
        Lease.objects.filter(name=self.name, holder=self.holder).delete()
