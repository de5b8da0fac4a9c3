"""Connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from batchdeck.api.part import Part, word
from batchdeck.types import BrowseAnswer, ConnectionAnswer


class Connections(Part):
    """Where the team's jobs run."""

    def list(self) -> Iterator[ConnectionAnswer]:
        """All connections."""
        return self._rows("connections/")

    def engine_keys(self, slug: str) -> Iterator[dict[str, Any]]:
        """Your keys to the engine, or the team's for an admin, without their secrets."""
        return self._rows(f"connections/{word(slug)}/engine-keys/")

    def make_engine_key(self, slug: str, name: str, *, reads_only: bool = False) -> dict[str, Any]:
        """Make a key to the engine; `secret_access_key` is in this answer alone."""
        body = {"name": name, "reads_only": reads_only}
        answer = self._transport.call("POST", f"connections/{word(slug)}/engine-keys/", body=body)
        return cast("dict[str, Any]", answer)

    def revoke_engine_key(self, slug: str, key: str) -> None:
        """Revoke a key to the engine."""
        self._transport.call("DELETE", f"connections/{word(slug)}/engine-keys/{word(key)}/")

    def browse(self, slug: str, **query: Any) -> BrowseAnswer:
        """One level of its buckets; `path` and `after` as in docs/api.md."""
        answer = self._transport.call("GET", f"connections/{word(slug)}/browse/", query=query)
        return cast("BrowseAnswer", answer)
