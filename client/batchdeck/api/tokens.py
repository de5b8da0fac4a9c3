"""API tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from batchdeck.api.part import Part, word
from batchdeck.types import ApiTokenAnswer, NewTokenAnswer


class Tokens(Part):
    """One's own tokens, and for admins those of the team."""

    def list(self) -> Iterator[ApiTokenAnswer]:
        """All tokens, newest first, without their secrets."""
        return self._rows("tokens/")

    def create(self, body: Mapping[str, Any], *, key: str | None = None) -> NewTokenAnswer:
        """Make a token: `name`, `role`, `days` and `owner`. The answer has its `secret`, which no other answer has."""
        return cast("NewTokenAnswer", self._transport.call("POST", "tokens/", body=dict(body), key=key))

    def revoke(self, token: int) -> None:
        """Revoke a token by its id."""
        self._transport.call("DELETE", f"tokens/{word(token)}/")
