"""The S3 addresses and model packages that a SageMaker request names, in any of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: The one variable of an environment that names an object which SageMaker's containers fetch.
SUBMIT_DIRECTORY = "SAGEMAKER_SUBMIT_DIRECTORY"


def addresses(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """The s3:// and https:// addresses in a request or a part of it, each with the name of its field.

    Of an Environment only the script's address counts; tags are skipped.
    """
    if field == "Environment" and isinstance(value, Mapping):
        script = str(value.get(SUBMIT_DIRECTORY, ""))
        if script.startswith("s3://"):
            yield field, script
    elif isinstance(value, str):
        if value.startswith(("s3://", "https://")):
            yield field, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "Tags":
                yield from addresses(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from addresses(inner, field)


def package_group(name_or_arn: str) -> str:
    """The name of a model package, or of its group, given by name or ARN; a version's number is left out."""
    path = name_or_arn.rpartition(":")[2].partition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn
    return path.partition("/")[0]


def package_version(name_or_arn: str) -> tuple[str, int] | None:
    """The group and the number of a version, given by ARN or as GROUP/NUMBER; None for anything else."""
    number = name_or_arn.rpartition("/")[2]
    group = package_group(name_or_arn)
    if (
        not group
        or not (number.isascii() and number.isdecimal())
        or not name_or_arn.endswith(f"{group}/{number}")
    ):
        return None
    return group, int(number)
