"""Deployments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from batchdeck.api.part import Part, word
from batchdeck.types import (
    AppliedAnswer,
    DeploymentAnswer,
    ExportAnswer,
    PromotionAnswer,
    StageRunAnswer,
)


class Deployments(Part):
    """The team's deployments."""

    def list(self) -> Iterator[DeploymentAnswer]:
        """All deployments."""
        return self._rows("deployments/")

    def get(self, slug: str) -> DeploymentAnswer:
        """A deployment with its stages."""
        return cast("DeploymentAnswer", self._transport.call("GET", f"deployments/{word(slug)}/"))

    def apply(
        self, deployment: Mapping[str, Any], *, dry_run: bool = False, key: str | None = None
    ) -> AppliedAnswer:
        """Make or change the deployment that a file describes; with `dry_run` only tell what would change."""
        body = {"deployment": dict(deployment), "dry_run": dry_run}
        return cast("AppliedAnswer", self._transport.call("POST", "deployments/apply/", body=body, key=key))

    def export(self, slug: str) -> ExportAnswer:
        """The deployment as a YAML file, and as the files of a batch inference project."""
        return cast("ExportAnswer", self._transport.call("GET", f"deployments/{word(slug)}/export/"))

    def promote(
        self, slug: str, stage: str, *, version: int | None = None, note: str = "", key: str | None = None
    ) -> PromotionAnswer:
        """Promote a version, by default the next one, to a stage."""
        body: dict[str, Any] = {"note": note}
        if version is not None:
            body["version"] = version
        path = f"deployments/{word(slug)}/stages/{word(stage)}/promote/"
        return cast("PromotionAnswer", self._transport.call("POST", path, body=body, key=key))

    def promotions(self, slug: str) -> Iterator[PromotionAnswer]:
        """What was offered, promoted, rejected and rolled back, newest first."""
        return self._rows(f"deployments/{word(slug)}/promotions/")

    def run(self, slug: str, stage: str, *, key: str | None = None) -> StageRunAnswer:
        """Run a stage now."""
        path = f"deployments/{word(slug)}/stages/{word(stage)}/run/"
        return cast("StageRunAnswer", self._transport.call("POST", path, key=key))

    def get_run(self, slug: str, run: str) -> StageRunAnswer:
        """One run with its steps."""
        return cast(
            "StageRunAnswer", self._transport.call("GET", f"deployments/{word(slug)}/runs/{word(run)}/")
        )
