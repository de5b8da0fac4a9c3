"""How orchestration calls an AWS operation: with the checks of a request over the wire, but without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.operations.context import Context


class Call(Protocol):
    """Calls an operation; see engine.wire.dispatch.call_operation."""

    async def __call__(
        self, ctx: Context, service: str, name: str, document: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The answer's document. `document` is the request's, `ctx` has the caller whose permissions count.

        Raises ServiceError.
        """
