"""Service Quotas: how many instances transform jobs of an account and region may have.

The names are those of https://docs.aws.amazon.com/general/latest/gr/sagemaker.html; codes differ by type and are
not published, so quotas are found by name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aws.calls import translated
from aws.clients import client
from aws.errors import Unreachable
from aws.target import Target

#: SageMaker has some thousand quotas, a hundred a page; a person may be waiting for the answer.
SECONDS = 25.0
#: A quota of at least this number is no limit in practice.
NO_LIMIT = 100_000
_OF_TYPE = re.compile(r"(ml\.\S+) for transform job usage")
_OF_ALL = "Number of instances across all transform jobs"


@dataclass(frozen=True, slots=True)
class TransformQuotas:
    """Instances that may run at once: of all types together, None if without limit, and by type."""

    instances: int | None = None
    instances_per_type: Mapping[str, int] = field(default_factory=dict)


def transform_quotas(target: Target) -> TransformQuotas:
    """The quotas that hold for this account; raises a GatewayError."""
    values: dict[str, int] = {}
    deadline = time.monotonic() + SECONDS
    # The account's own list lacks quotas that were never changed.
    for listed in (_defaults(target), _applied(target)):
        for name, value in listed:
            if time.monotonic() > deadline:
                raise Unreachable("Service Quotas did not answer in time.")
            values[name] = int(value)
    quotas = {
        instance_type: value
        for name, value in values.items()
        if (instance_type := _what(name)) and value < NO_LIMIT
    }
    total = quotas.pop(_OF_ALL, None)
    return TransformQuotas(total, dict(sorted(quotas.items())))


def _what(name: str) -> str:
    """The instance type of a quota, or the quota's name for that of all types; empty for other quotas."""
    if name == _OF_ALL:
        return name
    of_type = _OF_TYPE.fullmatch(name)
    return of_type[1] if of_type else ""


def _defaults(target: Target) -> Iterator[tuple[str, float]]:
    with translated(target):
        pages = client(target, "service-quotas").get_paginator("list_aws_default_service_quotas")
        for page in pages.paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 100}):
            yield from ((quota["QuotaName"], quota["Value"]) for quota in page["Quotas"])


def _applied(target: Target) -> Iterator[tuple[str, float]]:
    with translated(target):
        pages = client(target, "service-quotas").get_paginator("list_service_quotas")
        for page in pages.paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 100}):
            yield from ((quota["QuotaName"], quota["Value"]) for quota in page["Quotas"])
