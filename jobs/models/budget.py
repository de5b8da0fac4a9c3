"""The rate of calls to SageMaker: a token bucket for each account and region, which all workers share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, FloatField, Func, Q, Value, When
from django.db.models.functions import Greatest
from django.db.models.sql.compiler import SQLCompiler

#: A time that is further ahead than a bucket allows, by this many seconds, was written before the clock was set back.
_CLOCK_SLACK = 1.0


class _Now(Func):
    """Seconds since 1970 by the database's clock; the clocks of the workers' machines may differ."""

    template = "CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) AS DOUBLE PRECISION)"
    output_field = FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """The expression for SQLite, which counts in days."""
        days = "((julianday('now') - 2440587.5) * 86400.0)"
        return super().as_sql(compiler, connection, template=days, **context)


class CallBudget(models.Model):
    """A token bucket in one number: the time at which it is full again if nobody calls.

    Each call moves this time on, by an UPDATE with the condition that the bucket has a call.
    """

    place = models.CharField(
        max_length=255, primary_key=True, help_text="An account and region, or an engine."
    )
    full_at = models.FloatField(default=0, help_text="Seconds since 1970, by the database's clock.")

    def __str__(self) -> str:
        return self.place

    @classmethod
    def take(cls, place: str, *, rate: float, size: float, leave: float = 0) -> bool:
        """Take a call from a bucket that holds `size` calls and gets `rate` calls a second.

        False, and nothing is taken, if fewer than `leave` + 1 calls are in it.
        """
        began = Case(
            When(full_at__gt=_Now() + Value(size / rate + _CLOCK_SLACK), then=_Now()),
            default=Greatest(F("full_at"), _Now()),
        )
        moved_on = began + Value(1 / rate)
        if cls._with_one(place, rate, size, leave).update(full_at=moved_on) == 1:
            return True
        _, is_new = cls.objects.get_or_create(place=place)
        return is_new and cls._with_one(place, rate, size, leave).update(full_at=moved_on) == 1

    @classmethod
    def has_one(cls, place: str, *, rate: float, size: float) -> bool:
        """Whether the bucket has a call now."""
        return cls._with_one(place, rate, size, 0).exists() or not cls.objects.filter(place=place).exists()

    @classmethod
    def _with_one(cls, place: str, rate: float, size: float, leave: float) -> models.QuerySet[CallBudget]:
        enough = Q(full_at__lte=_Now() + Value((size - leave - 1) / rate))
        stale = Q(full_at__gt=_Now() + Value(size / rate + _CLOCK_SLACK))
        return cls.objects.filter(enough | stale, place=place)
