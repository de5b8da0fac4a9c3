"""Models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from batchdeck.api.part import Part
from batchdeck.types import ModelAnswer, ModelDetailAnswer


class Models(Part):
    """The team's models."""

    def list(self, **filters: Any) -> Iterator[ModelAnswer]:
        """The models, newest first; `q`, `name` and `connection` filter them."""
        return self._rows("models/", filters)

    def get(self, model: int) -> ModelDetailAnswer:
        """A model with its figures and the result of the last check of its archives."""
        return cast("ModelDetailAnswer", self._transport.call("GET", f"models/{int(model)}/"))

    def register(self, body: Mapping[str, Any], *, key: str | None = None) -> ModelAnswer:
        """Register a model: `name`, `connection`, and `image`, `model_data` and `env`, or `containers`."""
        return cast("ModelAnswer", self._transport.call("POST", "models/", body=dict(body), key=key))

    def check(self, model: int) -> ModelDetailAnswer:
        """Check its archives now."""
        return cast("ModelDetailAnswer", self._transport.call("POST", f"models/{int(model)}/check/"))
