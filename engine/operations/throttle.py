"""Optional throttling: a maximum rate of requests for each operation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from engine.aws_models import service_model
from engine.config import BadSetting
from engine.errors import ServiceError

#: The name in ENGINE_RATE_LIMITS for all operations without a limit of their own.
EVERY_OPERATION = "each"


def check_names(limits: Mapping[str, float]) -> Mapping[str, float]:
    """Return the setting unchanged. Raises BadSetting for an unknown operation of SageMaker."""
    operation_names = {EVERY_OPERATION, *service_model("sagemaker").operation_names}
    for name in limits:
        if name not in operation_names:
            raise BadSetting(
                f"ENGINE_RATE_LIMITS names {name!r}; it may name operations of SageMaker, and each."
            )
    return limits


class Throttle:
    """A token bucket for each operation, filled at its rate. It holds the permits of one second, at least one."""

    def __init__(self, limits: Mapping[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        """`limits` are requests per second by operation or "each"; empty means no throttling."""
        self._limits = limits
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, operation: str) -> None:
        """Count a request. Raises ServiceError(ThrottlingException) if it exceeds the rate.

        A rate of 0 refuses all requests. SageMaker's own rates are not public.
        """
        rate = self._limits.get(operation, self._limits.get(EVERY_OPERATION))
        if rate is None:
            return
        now = self._clock()
        capacity = max(1.0, rate) if rate else 0.0
        permits, filled = self._buckets.get(operation, (capacity, now))
        permits = min(capacity, permits + (now - filled) * rate)
        admitted = permits >= 1
        self._buckets[operation] = (permits - admitted, now)
        if not admitted:
            raise ServiceError("ThrottlingException", "Rate exceeded")
