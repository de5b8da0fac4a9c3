"""The cost of a job: the seconds that its instances ran, times an hourly price. Arithmetic alone, without rows.

SageMaker bills each instance from TransformStartTime to TransformEndTime, however the job ended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

CURRENCY = "USD"
HOUR = 3600
#: Amounts and prices are kept to a millionth of a dollar: a second of a small instance costs thirty of them.
_MILLIONTH = Decimal("0.000001")


class NoAmount(Enum):
    """Why a job has no amount, which is not an amount of zero; the value is the word of the API."""

    NOT_STARTED = "not_started"
    NOTHING_RAN = "nothing_ran"
    NOT_BILLED = "not_billed"
    NO_PRICE = "no_price"
    TIME_UNKNOWN = "time_unknown"


#: Each reason in words.
WHY: dict[NoAmount, str] = {
    NoAmount.NOT_STARTED: "its instances have not started",
    NoAmount.NOTHING_RAN: "nothing ran, so nothing is billed",
    NoAmount.NOT_BILLED: "an engine sends no bill",
    NoAmount.NO_PRICE: "its instance type has no price",
    NoAmount.TIME_UNKNOWN: "how long it ran is not known",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job cost, or has cost so far unless it is `final`.

    `amount` is in US dollars and `price` in dollars for an instance and hour; without an amount there is a `reason`.
    """

    final: bool
    amount: Decimal | None = None
    price: Decimal | None = None
    instance_seconds: int | None = None
    reason: NoAmount | None = None

    @property
    def why(self) -> str:
        """Why there is no amount, in words; empty if there is one."""
        return WHY[self.reason] if self.reason else ""

    @property
    def is_unknown(self) -> bool:
        """Whether an unknown amount was billed."""
        return self.reason in (NoAmount.NO_PRICE, NoAmount.TIME_UNKNOWN)


def dollars(value: Decimal) -> str:
    """An amount in words: $1,234.50, or below ten cents $0.042."""
    if value == 0 or value >= Decimal("0.1"):
        return f"${value:,.2f}"
    return f"${value:.3f}" if value >= Decimal("0.001") else "< $0.001"


def rate(price: Decimal) -> str:
    """A price with all its digits, at least two decimals: $0.115, $1.20."""
    digits = f"{price:,.6f}".rstrip("0")
    return f"${digits}{'0' * (2 - len(digits.partition('.')[2]))}"


def exact(value: Decimal) -> Decimal:
    """Round to a millionth: SQLite adds binary fractions, which leave a trace in the last digits."""
    return value.quantize(_MILLIONTH, ROUND_HALF_UP)


def instance_seconds(started: datetime, ended: datetime, instances: int) -> int:
    """The seconds of all instances together; a part of a second counts as one."""
    return max(0, math.ceil((ended - started) / timedelta(seconds=1))) * instances


def amount(seconds: int, price: Decimal) -> Decimal:
    """The price in dollars of instance-seconds at an hourly price."""
    return exact(seconds * price / HOUR)
