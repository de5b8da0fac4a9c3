"""The client: one object for each part of the API."""

from __future__ import annotations

from types import TracebackType
from typing import cast

from batchdeck.api.bad_records import BadRecords
from batchdeck.api.connections import Connections
from batchdeck.api.data import Data
from batchdeck.api.deployments import Deployments
from batchdeck.api.jobs import Jobs
from batchdeck.api.models import Models
from batchdeck.api.presets import Presets
from batchdeck.api.registry import Registry
from batchdeck.api.tokens import Tokens
from batchdeck.profiles import find_profile
from batchdeck.transport import RETRIES, Transport
from batchdeck.types import MeAnswer


class Client:
    """A Batchdeck server, as one token sees it. A `with` block closes its connections."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0, retries: int = RETRIES) -> None:
        """`timeout` is the time in seconds for an answer, `retries` how often a request is sent again."""
        self.transport = Transport(url, token, timeout=timeout, retries=retries)
        self.jobs = Jobs(self.transport)
        self.bad_records = BadRecords(self.transport)
        self.models = Models(self.transport)
        self.presets = Presets(self.transport)
        self.connections = Connections(self.transport)
        self.data = Data(self.transport)
        self.deployments = Deployments(self.transport)
        self.registry = Registry(self.transport)
        self.tokens = Tokens(self.transport)

    @classmethod
    def from_environment(
        cls, profile: str | None = None, *, timeout: float = 60.0, retries: int = RETRIES
    ) -> Client:
        """A client for BATCHDECK_URL and BATCHDECK_TOKEN, else for the profile. Raises ProfileError."""
        chosen = find_profile(profile)
        return cls(chosen.url, chosen.token, timeout=timeout, retries=retries)

    @property
    def url(self) -> str:
        """The server's address."""
        return self.transport.url

    def me(self) -> MeAnswer:
        """Who the token acts as, in which team and role."""
        return cast("MeAnswer", self.transport.call("GET", "me/"))

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
