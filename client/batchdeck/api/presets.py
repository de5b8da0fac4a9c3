"""Presets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from batchdeck.api.part import Part, word
from batchdeck.types import PresetAnswer


class Presets(Part):
    """The team's presets."""

    def list(self) -> Iterator[PresetAnswer]:
        """All presets, newest first."""
        return self._rows("presets/")

    def get(self, slug: str) -> PresetAnswer:
        """A preset with its request and rules."""
        return cast("PresetAnswer", self._transport.call("GET", f"presets/{word(slug)}/"))

    def create(self, body: Mapping[str, Any], *, key: str | None = None) -> PresetAnswer:
        """Save a request as a preset: `name`, `body`, `description` and `rules`."""
        return cast("PresetAnswer", self._transport.call("POST", "presets/", body=dict(body), key=key))

    def delete(self, slug: str) -> None:
        """Delete a preset; jobs that used it keep what it was."""
        self._transport.call("DELETE", f"presets/{word(slug)}/")
