"""Holding calls to what a connection may use: what is outside is refused here and never sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.gateway.errors import Rejected
from jobs.gateway.target import Target
from transform.scope import Scope

#: The one variable of an environment that names an object which SageMaker's containers fetch.
_SCRIPT = "SAGEMAKER_SUBMIT_DIRECTORY"


class OutOfScope(Rejected):
    """The connection may not use this place or model, whatever its credentials allow."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "AccessDenied")


def check_place(target: Target, bucket: str, key: str) -> None:
    """Raises OutOfScope for an object, or for objects whose keys begin so, that the connection may not use."""
    if not target.scope.allows(bucket, key):
        raise OutOfScope(denied_place(target, f"s3://{bucket}/{key}"))


def check_model(target: Target, name: str) -> None:
    """Raises OutOfScope for a model that the connection may not use."""
    if not target.scope.allows_model(name):
        allowed = ", ".join(target.scope.names)
        raise OutOfScope(f"The model {name} is not allowed: this connection may use {allowed} only.")


def check_containers(target: Target, containers: Any) -> None:
    """Raises OutOfScope for container definitions that name an object which the connection may not use."""
    for uri in _uris(list(containers)):
        if not target.scope.allows_uri(uri):
            raise OutOfScope(denied_place(target, uri))
    for container in containers:
        if (package := package_group(container)) and not allows_package(target.scope, package):
            raise OutOfScope(f"The model package {package} is not allowed on this connection.")


def package_group(container: Mapping[str, Any]) -> str:
    """The name of the model package, or of its group, that a container definition names; empty if it names none."""
    named = str(container.get("ModelPackageName", ""))
    path = named.rpartition(":")[2].partition("/")[2] if named.startswith("arn:") else named
    return path.partition("/")[0]


def allows_package(scope: Scope, name: str) -> bool:
    """Whether a package of that name or group may be used.

    Not where places alone are listed: its archive may lie anywhere.
    """
    return scope.allows_model(name) if scope.names else not scope.places


def check_request(target: Target, request: Mapping[str, Any]) -> None:
    """Raises OutOfScope for a CreateTransformJob request that reads, writes or runs what is not allowed."""
    check_model(target, request.get("ModelName", ""))
    output = request.get("TransformOutput", {}).get("S3OutputPath", "")
    if not target.scope.allows_output(output):
        raise OutOfScope(denied_place(target, output))
    for uri in _uris({name: value for name, value in request.items() if name != "TransformOutput"}):
        if not target.scope.allows_uri(uri):
            raise OutOfScope(denied_place(target, uri))


def denied_place(target: Target, uri: str) -> str:
    """The sentence about a place that is not allowed."""
    return f"{uri} is not allowed: this connection may use {', '.join(target.scope.uris)} only."


def _uris(value: Any, field: str = "") -> Iterator[str]:
    """The addresses in a request, wherever they stand. Of an Environment, that of a script alone."""
    if field == "Environment":
        script = str(value.get(_SCRIPT, ""))
        if script.startswith("s3://"):
            yield script
    elif isinstance(value, str):
        if value.startswith(("s3://", "https://")):
            yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "Tags":
                yield from _uris(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _uris(inner, field)
