"""Names for the shell's completion, asked of the server within a moment."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import click
from click.shell_completion import CompletionItem

from batchdeck.client import Client
from batchdeck.errors import BatchdeckError
from batchdeck.printing import cell

#: Seconds that a completion may take, and the most names.
_PATIENCE, _MOST = 2.0, 30


class JobId(click.types.StringParamType):
    """The id of a job."""

    name = "job"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The newest jobs whose ids begin so."""
        try:
            with _client() as client:
                rows = islice(client.jobs.list(limit=_MOST), _MOST)
                return [
                    CompletionItem(row["id"], help=f"{row['state']} {cell(row['name'])}")
                    for row in rows
                    if row["id"].startswith(incomplete)
                ]
        except BatchdeckError:
            return []


class DeploymentSlug(click.types.StringParamType):
    """The slug of a deployment."""

    name = "deployment"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The deployments whose slugs begin so."""
        try:
            with _client() as client:
                return _items((row["slug"] for row in client.deployments.list()), incomplete)
        except BatchdeckError:
            return []


def _client() -> Client:
    return Client.from_environment(timeout=_PATIENCE, retries=0)


def _items(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(text) for text in islice(words, 200) if text.startswith(incomplete)]
