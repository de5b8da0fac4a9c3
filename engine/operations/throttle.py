"""Throttling that can be switched on: so many requests a second of each operation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from engine.aws_models import service_model
from engine.config import BadSetting
from engine.errors import ServiceError

#: The name in ENGINE_RATE_LIMITS of the limit for every operation that has none of its own.
EVERY_OPERATION = "each"


def check_names(limits: Mapping[str, float]) -> Mapping[str, float]:
    """The setting as it is. Raises BadSetting if it names what is no operation of SageMaker."""
    operation_names = {EVERY_OPERATION, *service_model("sagemaker").operation_names}
    for name in limits:
        if name not in operation_names:
            raise BadSetting(
                f"ENGINE_RATE_LIMITS names {name!r}; it may name operations of SageMaker, and each."
            )
    return limits


class Throttle:
    """A bucket of permits for each operation, filled at its rate; it holds one second's worth, at least one."""

    def __init__(self, limits: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        """`limits` are requests a second by operation or "each"; without any, nothing is ever refused."""
        self._limits = limits
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, operation: str) -> None:
        """Count a request. Raises ServiceError(ThrottlingException) if it is one too many.

        SageMaker's rates are not public; its answer is. A rate of 0 refuses everything.
        """
        rate = self._limits.get(operation, self._limits.get(EVERY_OPERATION))
        if rate is None:
            return
        now = self._clock()
        most = max(1.0, rate) if rate else 0.0
        permits, filled = self._buckets.get(operation, (most, now))
        permits = min(most, permits + (now - filled) * rate)
        admitted = permits >= 1
        self._buckets[operation] = (permits - admitted, now)
        if not admitted:
            raise ServiceError("ThrottlingException", "Rate exceeded")
