"""A step's retry policies, cache and property files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.pipeline_definitions.durations import parse_duration
from engine.pipeline_definitions.members import (
    BadDefinition,
    as_json,
    names,
    read_member,
    read_object,
    read_texts,
)

#: What a retry policy may name: errors of the call that starts the job, and of the job itself.
SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
_EXCEPTIONS = (SERVICE_FAULT, THROTTLING, INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)
#: The SDK's defaults.
_INTERVAL, _BACKOFF = 1, 2.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a step is tried again: at most `attempts` times, or until `expires` after its first start."""

    exceptions: tuple[str, ...]
    interval: float
    backoff: float
    attempts: int | None
    expires: timedelta | None

    def pause(self, retries: int) -> float:
        """Seconds before the next attempt, after so many retries by this policy."""
        return float(self.interval * self.backoff ** min(retries, 30))

    def allows(self, retries: int, since_start: float) -> bool:
        """Whether another attempt may begin, `since_start` seconds after the first one began."""
        if self.attempts is not None:
            return retries < self.attempts
        return self.expires is None or since_start < self.expires.total_seconds()


@dataclass(frozen=True, slots=True)
class Cache:
    """A step's result is taken from an earlier execution that ended at most `expires` ago; None: however old."""

    expires: timedelta | None


@dataclass(frozen=True, slots=True)
class PropertyFile:
    """A JSON file below the output `output` of a Processing step."""

    output: str
    path: str


def parse_retry_policies(place: str, value: list[Any]) -> tuple[RetryPolicy, ...]:
    """Read RetryPolicies. Raises BadDefinition."""
    return tuple(
        _parse_policy(f"{place}: RetryPolicies[{number}]", item) for number, item in enumerate(value)
    )


def parse_cache(place: str, value: Mapping[str, Any]) -> Cache | None:
    """Read CacheConfig; None if it is absent or not enabled. Raises BadDefinition."""
    config = read_member(place, value, "CacheConfig", dict)
    if config is None:
        return None
    place = f"{place}: CacheConfig"
    read_object(place, config, ("Enabled", "ExpireAfter"), ("Enabled",))
    is_enabled = read_member(place, config, "Enabled", bool)
    text = read_member(place, config, "ExpireAfter", str)
    expires = None if text is None else parse_duration(text)
    if text is not None and expires is None:
        raise BadDefinition(
            f"{place}: ExpireAfter is {as_json(text)}; it must be an ISO 8601 duration such as P30D or PT12H."
        )
    return Cache(expires) if is_enabled else None


def parse_property_files(place: str, value: list[Any]) -> dict[str, PropertyFile]:
    """Read PropertyFiles, by name. Raises BadDefinition."""
    files: dict[str, PropertyFile] = {}
    for number, item in enumerate(value):
        at = f"{place}: PropertyFiles[{number}]"
        members = ("PropertyFileName", "OutputName", "FilePath")
        item = read_object(at, item, members, members)
        name, output, path = (read_member(at, item, member, str) for member in members)
        if name in files:
            raise BadDefinition(
                f"{at}: PropertyFileName is {as_json(name)}, as that of another property file."
            )
        files[name] = PropertyFile(output, path)
    return files


def _parse_policy(place: str, value: Any) -> RetryPolicy:
    members = ("ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts", "ExpireAfterMin")
    value = read_object(place, value, members, ("ExceptionType",))
    exceptions = read_texts(place, value, "ExceptionType")
    for name in exceptions:
        if name not in _EXCEPTIONS:
            raise BadDefinition(
                f"{place}: ExceptionType has {as_json(name)}; it may have {names(_EXCEPTIONS)}."
            )
    if ("MaxAttempts" in value) == ("ExpireAfterMin" in value):
        raise BadDefinition(f"{place} must have either MaxAttempts or ExpireAfterMin.")
    for name in ("IntervalSeconds", "MaxAttempts", "ExpireAfterMin"):
        _check_least(place, name, read_member(place, value, name, int, 1), 1)
    backoff = value.get("BackoffRate", _BACKOFF)
    if not isinstance(backoff, int | float) or isinstance(backoff, bool):
        raise BadDefinition(f"{place}: BackoffRate is {as_json(backoff)}; it must be a number.")
    _check_least(place, "BackoffRate", backoff, 1)
    minutes = value.get("ExpireAfterMin")
    return RetryPolicy(
        exceptions,
        float(value.get("IntervalSeconds", _INTERVAL)),
        float(backoff),
        value.get("MaxAttempts"),
        None if minutes is None else timedelta(minutes=minutes),
    )


#: Upper bound of all numbers of a policy, in seconds, minutes or attempts: more than a year of minutes.
_LARGEST = 1_000_000


def _check_least(place: str, name: str, number: float, least: int) -> None:
    if not least <= number <= _LARGEST:
        raise BadDefinition(f"{place}: {name} is {number}; it must be {least} to {_LARGEST}.")
