"""The context of an operation: the engine's parts and the caller."""

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


class KindRunner(Protocol):
    """The runner of one kind of job as the operations use it."""

    def submit(self, job_name: str) -> None:
        """Run a job whose row was created."""

    def stop(self, job_name: str) -> None:
        """Stop a job whose status was changed to Stopping."""

    def reason_to_wait(self, job_name: str) -> str | None:
        """Why an InProgress job does not run yet, as a sentence; None if it runs."""


class JobRunner(KindRunner, Protocol):
    """The runner of transform jobs."""

    def reason_against(self, image: str) -> str | None:
        """Why containers of the image cannot run, and what to do, as a sentence; None if they can."""

    def library_of(self, image: str) -> str:
        """The library that predicts for the image, with its version; empty if unknown."""


class PipelineRunner(Protocol):
    """What runs pipelines, as the operations use it."""

    def submit(self, execution_arn: str) -> None:
        """Go on with an execution whose row was added or changed; returns at once."""


class StackRunner(Protocol):
    """What changes stacks, as the operations use it."""

    def submit(self, stack_id: str) -> None:
        """Go on with a stack whose operation has begun; returns at once."""

    async def wait(self, stack_id: str, seconds: float) -> None:
        """Wait for the end of a stack's operation, at most that long."""


@dataclass(frozen=True, slots=True)
class Context:
    """The engine's parts. `caller` is the key that signed the request, None outside of requests."""

    config: Config
    store: Store
    objects: ObjectStore
    runner: JobRunner
    processing: KindRunner
    credentials: Credentials
    throttle: Throttle
    disk: Disk
    pipelines: PipelineRunner
    stacks: StackRunner
    caller: Key | None = None
    #: What the system cannot keep model code from, as sentences; see engine.runtimes.confining.
    confinement_gaps: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """The caller's scope; everything outside of requests."""
        return self.caller.scope if self.caller is not None else EVERYTHING

    @property
    def caller_arn(self) -> str:
        """The ARN of the caller; the engine's own outside of requests."""
        return (self.caller or self.credentials.root).arn

    @property
    def owner(self) -> dict[str, str]:
        """S3's owner of all buckets and objects."""
        return {"ID": self.config.account_id}
