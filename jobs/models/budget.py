"""How fast SageMaker is called: one bucket of calls for each account and region, kept where all workers see it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, FloatField, Func, Q, Value, When
from django.db.models.functions import Greatest
from django.db.models.sql.compiler import SQLCompiler

#: A time further ahead than the bucket can say, by so many seconds, was written before the clock was set back.
_CLOCK_SLACK = 1.0


class _Now(Func):
    """Seconds since 1970 by the database's clock: those of the workers' machines may differ."""

    template = "CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) AS DOUBLE PRECISION)"
    output_field = FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """SQLite counts in days."""
        days = "((julianday('now') - 2440587.5) * 86400.0)"
        return super().as_sql(compiler, connection, template=days, **context)


class CallBudget(models.Model):
    """A token bucket in one number: when it will be full again if nobody calls.

    Each call moves that time on by what one call is worth, by an UPDATE that asks whether the bucket has one.
    """

    place = models.CharField(
        max_length=255, primary_key=True, help_text="An account and region, or an engine."
    )
    full_at = models.FloatField(default=0, help_text="Seconds since 1970, by the database's clock.")

    def __str__(self) -> str:
        return self.place

    @classmethod
    def take(cls, place: str, *, rate: float, size: float, leave: float = 0) -> bool:
        """Take one call out of a bucket that fills at `rate` calls a second and holds `size`.

        False, and nothing taken, if fewer than `leave` and one are in it.
        """
        began = Case(
            When(full_at__gt=_Now() + Value(size / rate + _CLOCK_SLACK), then=_Now()),
            default=Greatest(F("full_at"), _Now()),
        )
        moved_on = began + Value(1 / rate)
        if cls._with_one(place, rate, size, leave).update(full_at=moved_on) == 1:
            return True
        _, made = cls.objects.get_or_create(place=place)
        return made and cls._with_one(place, rate, size, leave).update(full_at=moved_on) == 1

    @classmethod
    def has_one(cls, place: str, *, rate: float, size: float) -> bool:
        """Whether a call could be taken now."""
        return cls._with_one(place, rate, size, 0).exists() or not cls.objects.filter(place=place).exists()

    @classmethod
    def _with_one(cls, place: str, rate: float, size: float, leave: float) -> models.QuerySet[CallBudget]:
        enough = Q(full_at__lte=_Now() + Value((size - leave - 1) / rate))
        stale = Q(full_at__gt=_Now() + Value(size / rate + _CLOCK_SLACK))
        return cls.objects.filter(enough | stale, place=place)
