"""Change a connection's prices by hand, or read AWS's price list."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.db.models import Min

from aws import GatewayError
from failures.instances import INSTANCE_TYPES, size_text
from jobs.costs import rate
from jobs.lifecycle.after import pricing
from jobs.models import Connection, InstancePrice
from jobs.models.price import PriceSource
from jobs.options import INSTANCE_TYPE
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams import activity
from teams.models import ApiToken, Team, User

#: More than any instance costs.
MOST_USD = 10_000
#: Prices are kept to a millionth of a dollar.
_DECIMALS = 6


def change(
    connection: Connection, prices: Mapping[str, Any], *, by: User, token: ApiToken | None = None
) -> None:
    """Set prices by hand, by instance type, in US dollars an hour; None removes a price. Raises InvalidFields.

    Ended jobs without a cost get one from the new price; existing costs stay.
    """
    read = {name: _price(value) for name, value in prices.items() if value is not None}
    wrong = [name for name in prices if len(name) > 64 or not INSTANCE_TYPE.fullmatch(name)]
    problems = {name: ["It must be an instance type such as ml.m5.xlarge."] for name in wrong}
    for name in (name for name, price in read.items() if price is None):
        text = f"It must be US dollars an hour: 0 to {MOST_USD:,}, with at most {_DECIMALS} decimals."
        problems.setdefault(name, []).append(text)
    if problems:
        raise InvalidFields(problems)
    with transaction.atomic():
        removed_types = [name for name, value in prices.items() if value is None]
        connection.prices.filter(instance_type__in=removed_types).delete()
        # AWS's price of these types is read again.
        if removed_types:
            Connection.objects.filter(pk=connection.pk).update(prices_read_at=None)
        pricing.write(
            connection,
            {name: price for name, price in read.items() if price is not None},
            PriceSource.HAND,
        )
        detail = {name: None if value is None else str(read[name]) for name, value in prices.items()}
        activity.record(
            connection.team, by, "connection.priced", connection, token=token, detail={"prices": detail}
        )


def read_list(connection: Connection) -> int:
    """Read AWS's price list now; returns the number of priced types. Raises NotPossible for an engine, Unavailable."""
    if connection.is_engine:
        raise NotPossible(
            "An engine has no price list: its machine is yours. Set a price by hand if you want one."
        )
    try:
        return pricing.read_list(connection)
    except GatewayError as error:
        raise Unavailable(f"The price list could not be read: {error.sentence}") from error


def _price(value: object) -> Decimal | None:
    """Parse a price; None if the value is not a price in range."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    if not price.is_finite() or not 0 <= price <= MOST_USD:
        return None
    exponent = price.normalize().as_tuple().exponent
    return price if isinstance(exponent, int) and exponent >= -_DECIMALS else None


def suggested_types(team: Team) -> list[tuple[str, str]]:
    """The instance types that forms suggest, each with its size and the team's lowest price; one query."""
    prices = InstancePrice.objects.filter(
        connection__team=team, connection__removed_at=None, instance_type__in=INSTANCE_TYPES
    )
    lowest = dict(prices.order_by().values_list("instance_type").annotate(Min("usd_per_hour")))
    return [
        (
            name,
            ", ".join(
                filter(None, [size_text(name), f"{rate(lowest[name])} an hour" if name in lowest else ""])
            ),
        )
        for name in INSTANCE_TYPES
    ]
