"""Service Quotas of transform and of processing jobs: instances of each type, and of all types together.

The setting ENGINE_QUOTAS changes them, for each of the two kinds alike; creating a job enforces them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import StringShape

from engine.aws_models import service_model
from engine.config import BadSetting
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation

#: The name of the quota for all instance types together in ENGINE_QUOTAS.
TOTAL = "total"

#: High enough never to be reached unless set; AWS gives new accounts between 0 and 100.
_DEFAULT = 100_000.0
_PAGE = 100
_LISTING = "service-quotas"

#: Quota codes from public sources. The others are invented, so clients must look quotas up by name.
_KNOWN_CODES = {TOTAL: "L-60D2A6F0", "ml.m5.large": "L-236AE59F", "ml.c6i.large": "L-008FE00D"}


#: The kinds of jobs, with the word for them in quotas and the shape of their instance types.
TRANSFORM, PROCESSING = "transform", "processing"
_TYPE_SHAPES = {TRANSFORM: "TransformInstanceType", PROCESSING: "ProcessingInstanceType"}


@dataclass(frozen=True, slots=True)
class _Quota:
    """`key` is its name in ENGINE_QUOTAS: an instance type or "total". `kind` is of the jobs that it is for."""

    kind: str
    key: str

    @property
    def name(self) -> str:
        if self.key == TOTAL:
            return f"Number of instances across all {self.kind} jobs"
        return f"{self.key} for {self.kind} job usage"

    @property
    def code(self) -> str:
        made_up = f"L-{hashlib.sha256(self.name.encode()).hexdigest()[:8].upper()}"
        return _KNOWN_CODES.get(self.key, made_up) if self.kind == TRANSFORM else made_up


def check_names(quotas: Mapping[str, float]) -> Mapping[str, float]:
    """Return the setting unchanged. Raises BadSetting for an unknown instance type."""
    quota_names = {quota.key for quota in _all_quotas()}
    for key in quotas:
        if key not in quota_names:
            raise BadSetting(
                f"ENGINE_QUOTAS names {key!r}; it may name instance types of SageMaker, and total."
            )
    return quotas


def instance_types(setting: str, text: str) -> frozenset[str]:
    """Parse instance types separated by commas. Raises BadSetting for an unknown one."""
    named = frozenset(filter(None, (part.strip() for part in text.split(","))))
    for name in named - {quota.key for quota in _all_quotas() if quota.key != TOTAL}:
        raise BadSetting(f"{setting} names {name!r}, which is no instance type of SageMaker.")
    return named


def check_quotas(ctx: Context, kind: str, resources: Mapping[str, Any]) -> None:
    """Raises ServiceError(ResourceLimitExceeded) if a quota has too few instances left for a job of this kind.

    `resources` are the request's members InstanceType and InstanceCount. The SDK's types `local` and
    `local_gpu` are not counted.
    """
    instance_type, instance_count = resources["InstanceType"], resources["InstanceCount"]
    if not instance_type.startswith("ml."):
        return
    jobs = ctx.store.jobs if kind == TRANSFORM else ctx.store.processing
    for quota, used in (
        (_Quota(kind, instance_type), jobs.instances(instance_type)),
        (_Quota(kind, TOTAL), jobs.instances()),
    ):
        limit = int(_value(ctx, quota))
        if used + instance_count > limit:
            raise _exceeded(quota, limit, used, instance_count)


@operation("service-quotas", "GetServiceQuota")
def get_service_quota(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """One quota of this account."""
    quota = _find(params)
    return {"Quota": _described(ctx, quota, _value(ctx, quota))}


@operation("service-quotas", "ListServiceQuotas")
def list_service_quotas(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """SageMaker's quotas of this account, or the one with QuotaCode."""
    quotas = (_find(params),) if "QuotaCode" in params else _all_quotas()
    _check_service(params)
    return _page(params, [_described(ctx, quota, _value(ctx, quota)) for quota in quotas])


@operation("service-quotas", "GetAWSDefaultServiceQuota")
def get_default_quota(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """One quota's default."""
    return {"Quota": _described(ctx, _find(params), _DEFAULT)}


@operation("service-quotas", "ListAWSDefaultServiceQuotas")
def list_default_quotas(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The defaults of SageMaker's quotas."""
    _check_service(params)
    return _page(params, [_described(ctx, quota, _DEFAULT) for quota in _all_quotas()])


@functools.cache
def _all_quotas() -> tuple[_Quota, ...]:
    return tuple(_Quota(kind, key) for kind in _TYPE_SHAPES for key in (TOTAL, *_types(kind)))


def _types(kind: str) -> list[str]:
    """The instance types of jobs of this kind, sorted."""
    types = service_model("sagemaker").shape_for(_TYPE_SHAPES[kind])
    assert isinstance(types, StringShape)
    return sorted(types.enum)


def _value(ctx: Context, quota: _Quota) -> float:
    return ctx.config.quotas.get(quota.key, _DEFAULT)


def _find(params: dict[str, Any]) -> _Quota:
    _check_service(params)
    for quota in _all_quotas():
        if quota.code == params["QuotaCode"]:
            return quota
    raise _no_such_quota(f"The service sagemaker has no quota {params['QuotaCode']}.")


def _check_service(params: dict[str, Any]) -> None:
    if params["ServiceCode"] != "sagemaker":
        raise _no_such_quota(
            f"The embedded engine has no quotas of {params['ServiceCode']}, only of sagemaker."
        )


def _described(ctx: Context, quota: _Quota, value: float) -> dict[str, Any]:
    usage = "total_instance_count" if quota.key == TOTAL else quota.key
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": (
            f"arn:aws:servicequotas:{ctx.config.region}:{ctx.config.account_id}:sagemaker/{quota.code}"
        ),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
        "UsageMetric": {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": {
                "Service": "SageMaker",
                "Class": "None",
                "Type": "Resource",
                "Resource": f"{quota.kind}-job/{usage}",
            },
            "MetricStatisticRecommendation": "Maximum",
        },
    }


def _page(params: dict[str, Any], quotas: list[dict[str, Any]]) -> dict[str, Any]:
    start = 0
    if token := params.get("NextToken"):
        position = read_token(_LISTING, token, (int,))
        if position is None or position[0] < 0:
            raise ServiceError("InvalidPaginationTokenException", "The NextToken is invalid.")
        start = position[0]
    end = start + params.get("MaxResults", _PAGE)
    answer: dict[str, Any] = {"Quotas": quotas[start:end]}
    if end < len(quotas):
        answer["NextToken"] = make_token(_LISTING, [end])
    return answer


def _exceeded(quota: _Quota, limit: int, used: int, instance_count: int) -> ServiceError:
    return ServiceError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{quota.name}' is {limit} Instances, with current utilization of "
        f"{used} Instances and a request delta of {instance_count} Instances. Please use AWS Service Quotas to request "
        "an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an "
        "increase for this quota.",
    )


def _no_such_quota(message: str) -> ServiceError:
    return ServiceError("NoSuchResourceException", message)
