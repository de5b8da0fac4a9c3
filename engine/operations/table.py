"""The table of AWS operations that the engine has, filled by the modules of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

#: An operation: takes the Context and the request's parameters, returns the answer. It may be a coroutine function.
Operation = Callable[..., Any]
_Function = TypeVar("_Function", bound=Operation)

#: Each operation's function by (service, operation), in botocore's names: ("s3", "PutObject").
OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(service: str, name: str) -> Callable[[_Function], _Function]:
    """Register the decorated function as that operation of the service, both in botocore's names."""

    def register(function: _Function) -> _Function:
        assert (service, name) not in OPERATIONS, f"{service}:{name} has two functions"
        OPERATIONS[service, name] = function
        return function

    return register
