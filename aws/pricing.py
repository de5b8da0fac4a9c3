"""What AWS asks for an instance of batch transform, out of its price list. The list is public; reading it needs
`pricing:GetProducts`.

Operation and price list are described at
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html and
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from aws.calls import translated
from aws.clients import client
from aws.errors import Rejected
from aws.target import Target

#: The list for all regions is answered in these; the nearest is asked.
_HOMES = {"ap": "ap-south-1", "eu": "eu-central-1"}
_HOME = "us-east-1"
#: Accounts of these regions are none of the partition that answers.
_ELSEWHERE = ("cn-", "us-gov-", "us-iso", "eu-isoe-")
#: As in USE1-Tsform:ml.m5.large: what a bill says of batch transform's instances.
_USAGE = re.compile(r"(?:^|-)Tsform:(ml\.[a-z0-9-]+\.[a-z0-9]+)$")


def hourly(target: Target) -> dict[str, Decimal]:
    """US dollars for an instance and hour, by instance type, in the target's region; raises a GatewayError.

    These are list prices: discounts and savings plans of the account are not in them.
    """
    if not is_answered(target.region):
        raise Rejected(
            f"AWS answers questions about prices to no account of {target.region}. Set the prices by hand."
        )
    with translated(target):
        pages = client(replace(target, region=home_of(target.region)), "pricing").get_paginator(
            "get_products"
        )
        found: dict[str, Decimal] = {}
        for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=_filters(target.region)):
            for text in page["PriceList"]:
                found |= _read(text)
    return found


def home_of(region: str) -> str:
    """Where the price list of this region is answered."""
    return _HOMES.get(region.partition("-")[0], _HOME)


def is_answered(region: str) -> bool:
    """Whether AWS answers accounts of this region about prices at all."""
    return not region.startswith(_ELSEWHERE)


def _filters(region: str) -> list[dict[str, str]]:
    wanted = {"productFamily": "ML Instance", "platoinstancetype": "BatchTransform", "regionCode": region}
    return [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]


def _read(text: str) -> dict[str, Decimal]:
    """One product of the list: its instance type and price, or nothing where it is not told as we know it."""
    try:
        product = json.loads(text)
        named = _USAGE.search(product["product"]["attributes"]["usagetype"])
        prices = {price for term in product["terms"]["OnDemand"].values() for price in _hourly_of(term)}
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return {}
    # Two prices for one type would be two answers to one question; then it has none.
    return {named[1]: prices.pop()} if named and len(prices) == 1 else {}


def _hourly_of(term: Mapping[str, Any]) -> Iterator[Decimal]:
    for dimension in term["priceDimensions"].values():
        if dimension["unit"] in ("Hrs", "hours", "Hours") and "USD" in dimension["pricePerUnit"]:
            price = Decimal(dimension["pricePerUnit"]["USD"])
            # Zero stands for what is not sold singly, such as reserved capacity; "free" is nobody's price.
            if price > 0:
                yield price
