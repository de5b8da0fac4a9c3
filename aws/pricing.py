"""Prices of batch transform's instances from AWS's price list, which is public; reading it needs
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

#: The regions that serve the price list of all regions; the nearest one is called.
_HOMES = {"ap": "ap-south-1", "eu": "eu-central-1"}
_HOME = "us-east-1"
#: Accounts of these regions belong to other partitions, which serve no price list.
_ELSEWHERE = ("cn-", "us-gov-", "us-iso", "eu-isoe-")
#: The usage type of batch transform's instances, as in USE1-Tsform:ml.m5.large.
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
        prices: dict[str, Decimal] = {}
        for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=_filters(target.region)):
            for text in page["PriceList"]:
                prices |= _read(text)
    return prices


def home_of(region: str) -> str:
    """The region that serves the price list of this region."""
    return _HOMES.get(region.partition("-")[0], _HOME)


def is_answered(region: str) -> bool:
    """Whether AWS serves a price list to accounts of this region."""
    return not region.startswith(_ELSEWHERE)


def _filters(region: str) -> list[dict[str, str]]:
    fields = {"productFamily": "ML Instance", "platoinstancetype": "BatchTransform", "regionCode": region}
    return [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in fields.items()]


def _read(text: str) -> dict[str, Decimal]:
    """The instance type and price of one product; empty if the product has another shape."""
    try:
        product = json.loads(text)
        named = _USAGE.search(product["product"]["attributes"]["usagetype"])
        prices = {price for term in product["terms"]["OnDemand"].values() for price in _hourly_of(term)}
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return {}
    # A type with two different prices gets none.
    return {named[1]: prices.pop()} if named and len(prices) == 1 else {}


def _hourly_of(term: Mapping[str, Any]) -> Iterator[Decimal]:
    for dimension in term["priceDimensions"].values():
        if dimension["unit"] in ("Hrs", "hours", "Hours") and "USD" in dimension["pricePerUnit"]:
            price = Decimal(dimension["pricePerUnit"]["USD"])
            # Zero marks offers such as reserved capacity, not a free instance.
            if price > 0:
                yield price
