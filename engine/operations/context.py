"""What every operation is given besides its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.config import Config
from engine.credentials import Credentials, Key
from engine.disk import Disk
from engine.objects import ObjectStore
from engine.operations.throttle import Throttle
from engine.store import Store
from transform.scope import EVERYTHING, Scope


class JobRunner(Protocol):
    """What the operations ask of the runner."""

    def submit(self, job_name: str) -> None:
        """Begin to run a job whose row was just created."""

    def stop(self, job_name: str) -> None:
        """Stop a job whose row was just moved to Stopping."""

    def reason_to_wait(self, job_name: str) -> str | None:
        """Why a job that is InProgress does not run now; None if it runs."""

    def reason_against(self, image: str) -> str | None:
        """None if containers of the image can be run, else a sentence that says why not and what to do."""


@dataclass(frozen=True, slots=True)
class Context:
    """The engine's parts, and whose request this is: the key that signed it, None outside a request."""

    config: Config
    store: Store
    objects: ObjectStore
    runner: JobRunner
    credentials: Credentials
    throttle: Throttle
    disk: Disk
    caller: Key | None = None
    #: What model code is not kept from on this system, in sentences; see engine.runtimes.confining.
    confinement_gaps: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """What the caller may use: everything outside a request."""
        return self.caller.scope if self.caller is not None else EVERYTHING

    @property
    def owner(self) -> dict[str, str]:
        """Whose everything in S3 is."""
        return {"ID": self.config.account_id, "DisplayName": "batchdeck"}
