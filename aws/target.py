"""The target of calls: what a client needs to know of a connection."""

from __future__ import annotations

from dataclasses import dataclass

from transform.scope import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class Target:
    """An AWS region, perhaps through a role, or an engine's URL with the file that holds its keys.

    Hashable: clients are cached for each target, so a connection that was edited gets new ones.
    """

    region: str
    endpoint_url: str = ""
    credentials_file: str = ""
    role_arn: str = ""
    external_id: str = ""
    #: Its name in sentences, if the URL or region is not clear.
    called: str = ""
    #: Calls end after a few seconds and are not repeated: a person waits, and can do without the answer.
    hurried: bool = False
    #: What may be used through it; see aws.scoping.
    scope: Scope = EVERYTHING

    @property
    def is_engine(self) -> bool:
        """Whether calls go to an engine instead of AWS."""
        return bool(self.endpoint_url)

    @property
    def label(self) -> str:
        """Its name in sentences."""
        if self.called:
            return self.called
        return f"the engine at {self.endpoint_url}" if self.is_engine else f"AWS in {self.region}"
