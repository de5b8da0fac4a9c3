"""What a version must be like before it is registered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from deployments.models.approval_change import Approval
from jobs.models import Connection
from jobs.services.errors import InvalidFields
from jobs.services.registry import artefacts, registered_models
from jobs.services.texts import trouble_with
from transform.keys import parse_s3_uri

DESCRIPTION_LENGTH = 1024
#: SageMaker's limits of CustomerMetadataProperties.
_MOST_METADATA = 50
_METADATA_NAME_LENGTH, _METADATA_LENGTH = 128, 256
_METADATA_TEXT = re.compile(r"[\w .:/=+\-@]+")
_LETTERS = "letters, digits, blanks and _ . : / = + - @"
_CONTENT_TYPE = re.compile(r"[^\s,]{1,256}")
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def check_fields(
    connection: Connection,
    group: str,
    *,
    containers: Sequence[Mapping[str, Any]],
    description: str,
    approval: str,
    content_types: Sequence[str],
    response_types: Sequence[str],
    transform_instance_types: Sequence[str],
    metadata: Mapping[str, str],
    statistics_uri: str,
) -> None:
    """Raise InvalidFields that names each field which SageMaker, or the connection's scope, would refuse."""
    problems = _container_problems(connection, group, containers)
    if text := text_problem(description, DESCRIPTION_LENGTH):
        problems["description"] = [text]
    if approval not in Approval.values:
        problems["approval"] = [f"It must be one of {', '.join(Approval.values)}."]
    for name, words in (("content_types", content_types), ("response_types", response_types)):
        if wrong := [word for word in words if not _CONTENT_TYPE.fullmatch(word)]:
            problems[name] = [f"{wrong[0]!r} is no MIME type, such as text/csv."]
    if wrong := [name for name in transform_instance_types if not _INSTANCE_TYPE.fullmatch(name)]:
        problems["transform_instance_types"] = [f"{wrong[0]!r} is no instance type, such as ml.m5.large."]
    if texts := metadata_problems(metadata):
        problems["metadata"] = texts
    if statistics_uri and (text := _address_problem(connection, statistics_uri)):
        problems["statistics_uri"] = [text]
    if problems:
        raise InvalidFields(problems)


def check_archives(connection: Connection, containers: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidFields for an archive that cannot be read or lacks what its image needs; Unavailable."""
    wrong = [check for check in artefacts.look_at(connection, containers) if check.level == "fail"]
    if wrong:
        field = "model_data" if len(containers) == 1 else "containers"
        raise InvalidFields({field: [f"{check.uri}: {check.says}" for check in wrong]})


def text_problem(text: str, most: int) -> str:
    """Why SageMaker would refuse a description, as a sentence; empty if it would not."""
    if len(text) > most:
        return f"It must have at most {most:,} characters; it has {len(text):,}."
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return "It must be one line, without tabs and control characters."
    return ""


def metadata_problems(metadata: Mapping[str, str]) -> list[str]:
    """Sentences about names and texts that CustomerMetadataProperties cannot have."""
    problems = []
    if len(metadata) > _MOST_METADATA:
        problems.append(f"It must have at most {_MOST_METADATA} names; it has {len(metadata)}.")
    for name, text in metadata.items():
        if not isinstance(name, str) or not isinstance(text, str):
            problems.append("It must be an object of names and texts.")
        elif not 1 <= len(name) <= _METADATA_NAME_LENGTH or not _METADATA_TEXT.fullmatch(name):
            problems.append(f"The name {name[:40]!r} must have 1 to {_METADATA_NAME_LENGTH} {_LETTERS}.")
        elif len(text) > _METADATA_LENGTH or not _METADATA_TEXT.fullmatch(text):
            problems.append(f"{name} must have 1 to {_METADATA_LENGTH} {_LETTERS}.")
    return problems


def _container_problems(
    connection: Connection, group: str, containers: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    try:
        registered_models.validate(group, containers)
    except InvalidFields as error:
        problems = {("group" if name == "name" else name): texts for name, texts in error.fields.items()}
    if any(isinstance(container, Mapping) and "ModelPackageName" in container for container in containers):
        problems["containers"] = ["A version is made of images and archives, not of another package."]
    if trouble := trouble_with(list(containers)):
        problems["containers"] = [f"It {trouble}"]
    if not problems:
        for field, text in registered_models.outside_scope(connection.scope, group, containers):
            name = "group" if field == "name" else field
            problems[name] = [f"{text} {connection.name} may use nothing else."]
    return problems


def _address_problem(connection: Connection, uri: str) -> str:
    try:
        _, key = parse_s3_uri(uri)
    except ValueError:
        key = ""
    if not uri.startswith("s3://") or not key:
        return "It must be the s3:// address of a JSON document."
    if not connection.scope.allows_uri(uri):
        return f"It must be in {' or '.join(connection.scope.uris)}. {connection.name} may use nothing else."
    return ""
