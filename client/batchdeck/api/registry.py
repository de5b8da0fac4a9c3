"""The model registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from batchdeck.api.part import Part, word
from batchdeck.types import PackageVersionAnswer, PackageVersionSummary


class Registry(Part):
    """Versions of model package groups, by the slug of a connection and the name of a group."""

    def versions(self, connection: str, group: str) -> Iterator[PackageVersionSummary]:
        """The versions of a group, newest first."""
        return self._rows(f"{_group(connection, group)}versions/")

    def get(self, connection: str, group: str, number: int) -> PackageVersionAnswer:
        """A version with its metrics, approval history and use."""
        path = f"{_group(connection, group)}versions/{number}/"
        return cast("PackageVersionAnswer", self._transport.call("GET", path))

    def set_approval(
        self,
        connection: str,
        group: str,
        number: int,
        status: str,
        *,
        note: str = "",
        reject_in_use: bool = False,
        key: str | None = None,
    ) -> PackageVersionAnswer:
        """Approve or reject a version: `Approved`, `Rejected` or `PendingManualApproval`.

        `reject_in_use` takes an approval back although something uses the version or somebody else approved it.
        """
        body = {"status": status, "note": note, "reject_in_use": reject_in_use}
        path = f"{_group(connection, group)}versions/{number}/approval/"
        return cast("PackageVersionAnswer", self._transport.call("POST", path, body=body, key=key))


def _group(connection: str, group: str) -> str:
    return f"registry/groups/{word(connection)}/{word(group)}/"
