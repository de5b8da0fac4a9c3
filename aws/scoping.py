"""Refuse calls outside what a connection may use, before they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws.errors import Rejected
from aws.target import Target
from transform.request_addresses import addresses, package_group
from transform.scope import Scope


class OutOfScope(Rejected):
    """The connection may not use this place or model, whatever its credentials allow."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "AccessDenied")


def check_place(target: Target, bucket: str, key: str) -> None:
    """Raises OutOfScope for a key or key prefix that the connection may not use."""
    if not target.scope.allows(bucket, key):
        raise OutOfScope(denied_place(target, f"s3://{bucket}/{key}"))


def check_model(target: Target, name: str) -> None:
    """Raises OutOfScope for a model that the connection may not use."""
    if not target.scope.allows_model(name):
        allowed = ", ".join(target.scope.names)
        raise OutOfScope(f"The model {name} is not allowed: this connection may use {allowed} only.")


def check_containers(target: Target, containers: Any) -> None:
    """Raises OutOfScope for container definitions that name an object which the connection may not use."""
    for _, uri in addresses(list(containers)):
        if not target.scope.allows_uri(uri):
            raise OutOfScope(denied_place(target, uri))
    for container in containers:
        if package := container.get("ModelPackageName", ""):
            check_package(target, package)


def check_package(target: Target, name_or_arn: str) -> None:
    """Raises OutOfScope for a model package or group that the connection may not use."""
    if not allows_package(target.scope, name := package_group(name_or_arn)):
        raise OutOfScope(f"The model package {name} is not allowed on this connection.")


def allows_package(scope: Scope, name: str) -> bool:
    """Whether a package of that name or group may be used.

    It may not if only places are listed, since its archive may lie anywhere.
    """
    return scope.allows_model(name) if scope.names else not scope.places


def check_request(target: Target, request: Mapping[str, Any]) -> None:
    """Raises OutOfScope for a CreateTransformJob request that reads, writes or runs what is not allowed."""
    check_model(target, request.get("ModelName", ""))
    output = request.get("TransformOutput", {}).get("S3OutputPath", "")
    if not target.scope.allows_output(output):
        raise OutOfScope(denied_place(target, output))
    for _, uri in addresses({name: value for name, value in request.items() if name != "TransformOutput"}):
        if not target.scope.allows_uri(uri):
            raise OutOfScope(denied_place(target, uri))


def denied_place(target: Target, uri: str) -> str:
    """The sentence about a place that is not allowed."""
    return f"{uri} is not allowed: this connection may use {', '.join(target.scope.uris)} only."
