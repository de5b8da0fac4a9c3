"""The instances of one job, which are prepared, started and ended together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.errors import CannotRun
from engine.limits import MIB
from engine.objects import ObjectStore
from engine.placement import Placement
from engine.removing import remove_tree
from engine.runner.container import Container
from engine.runner.failures import JobFailed
from engine.runner.fault_injection import Trouble, TroubledContainer
from engine.runner.instance import Calls, Instance
from engine.runner.logs import InstanceLog
from engine.runner.model_data import fetch_model, fetch_script
from engine.runner.parameters import container_environment
from engine.runner.protocols import RunningServer, RuntimeProvider
from engine.runner.task_groups import run_all
from engine.store import JobRow

#: What a job waits for while the environment of its model server is made, before the last line about it.
PREPARING = "Preparing the environment of the model server. This happens once; the job's log shows how far it has come."
_LONGEST_LINE = 200
#: Seconds of loading models after which a job says that it waits for that.
_LONG_START = 3.0


@dataclass(frozen=True, slots=True)
class _Blueprint:
    """A prepared container, which can be started any number of times."""

    prepared: Any
    environment: dict[str, str]
    model_dir: Path
    script_dir: Path
    #: The suffix of its log streams' names; None if the model has only one container.
    name: str | None
    trouble: Trouble


class Fleet:
    """A job's instances and its working folder, which `end` removes."""

    def __init__(self, config: Config, objects: ObjectStore, runtimes: RuntimeProvider, row: JobRow) -> None:
        self._config = config
        self._objects = objects
        self._runtimes = runtimes
        self._row = row
        #: The working folder: unpacked models, and a folder for each container.
        self.directory = config.jobs_dir / row.name
        self._preparing = ""
        self._starting_since: float | None = None
        self._blueprints: list[_Blueprint] = []
        #: What keeps the packages of scripts from removal.
        self._layer_holds = ExitStack()
        self.instances: list[Instance] = []

    @property
    def reason_to_wait(self) -> str | None:
        """Why the instances do not serve yet, in sentences; None if they do, or have just been started."""
        if self._preparing:
            return self._preparing
        if self._starting_since is None or (waited := time.monotonic() - self._starting_since) < _LONG_START:
            return None
        return (
            f"Waiting for the model server, which has been loading its model for {waited:.0f} s. It has "
            f"{self._config.ping_deadline:.0f} s to answer /ping; the job's log shows what it says."
        )

    async def prepare(self, log: InstanceLog, troubles: Sequence[Trouble]) -> None:
        """Prepare environments and models of the containers; `log` receives progress lines. Raises JobFailed.

        `troubles` has the injected faults of each container.
        """
        await asyncio.to_thread(remove_tree, self.directory)
        containers = zip(self._row.containers, troubles, strict=True)
        for position, (definition, trouble) in enumerate(containers, start=1):
            try:
                self._blueprints.append(await self._blueprint(position, definition, log, trouble))
            except CannotRun as error:
                raise JobFailed(f"{error.blame}: {error}") from error

    async def start(self, logs: Sequence[InstanceLog]) -> None:
        """Start one instance per log and wait until all are healthy. Raises JobFailed."""
        calls = Calls.of(self._row.request, refusals_retried=self._config.unsettled.refusals_retried)
        # Changed in place: others hold this list.
        self.instances[:] = [
            Instance(
                [self._container(number, len(logs), blueprint, log) for blueprint in self._blueprints],
                calls,
                log,
            )
            for number, log in enumerate(logs, start=1)
        ]
        self._starting_since = time.monotonic()
        try:
            await run_all(instance.start() for instance in self.instances)
        except JobFailed as error:
            if reason := await asyncio.to_thread(self._why_unfit):
                raise JobFailed(f"ClientError: {reason}") from error
            raise
        finally:
            self._starting_since = None

    async def end(self) -> None:
        """End all instances and remove the working folder."""
        await asyncio.gather(*(instance.stop() for instance in self.instances))
        self._layer_holds.close()
        await asyncio.to_thread(remove_tree, self.directory)

    def _why_unfit(self) -> str:
        """Why a container's library cannot read its model, if a later version saved that; else empty."""
        reasons = (
            self._runtimes.why_unfit(blueprint.prepared, blueprint.model_dir)
            for blueprint in self._blueprints
        )
        return next(filter(None, reasons), "")

    async def _blueprint(
        self, position: int, definition: dict[str, Any], log: InstanceLog, trouble: Trouble
    ) -> _Blueprint:
        name = None
        if len(self._row.containers) > 1:
            name = str(definition.get("ContainerHostname", f"container-{position}"))
        say = log.container(name)

        def report_progress(line: str) -> None:
            self._preparing = f"{PREPARING} Now: {line[:_LONGEST_LINE]}"
            say([line])

        prepared = await self._runtimes.prepare(definition["Image"], report_progress)
        self._preparing = ""
        model_dir = self.directory / f"model-{position}"
        await fetch_model(self._objects, self._runtimes, definition.get("ModelDataUrl"), model_dir)
        environment = container_environment(self._row.request, definition, str(model_dir))
        script_dir = self.directory / f"script-{position}"
        environment = await fetch_script(self._objects, self._runtimes, environment, script_dir)
        prepared = await self._runtimes.add_requirements(
            prepared, model_dir, environment, lambda line: say([line]), self._layer_holds
        )
        return _Blueprint(prepared, environment, model_dir, script_dir, name, trouble)

    def _container(self, number: int, instances: int, blueprint: _Blueprint, log: InstanceLog) -> Container:
        placement = Placement(
            self.directory / f"instance-{number}" / (blueprint.name or "container"),
            blueprint.model_dir,
            blueprint.script_dir if blueprint.script_dir.exists() else None,
            instance_type=self._row.request["TransformResources"]["InstanceType"],
            instances=instances,
            network_isolation=any(
                container.get("EnableNetworkIsolation", False) for container in self._row.containers
            ),
        )

        async def start() -> RunningServer:
            try:
                return await self._runtimes.start(
                    blueprint.prepared, placement, blueprint.environment, log.container(blueprint.name)
                )
            except CannotRun as error:
                raise JobFailed(f"{error.blame}: {error}") from error

        deadline, largest_answer = self._config.ping_deadline, self._config.limits.answer_mb * MIB
        if blueprint.trouble == Trouble():
            return Container(start, deadline, largest_answer, blueprint.name)
        return TroubledContainer(start, deadline, largest_answer, blueprint.trouble, blueprint.name)
