"""One instance of a processing job: its folders, and its container's process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.placement import ScriptPlacement
from engine.runner.failures import JobFailed
from engine.runner.logs import InstanceLog
from engine.runner.processing.request import LOCAL_ROOT, below_base_dir, cluster_of, is_isolated
from engine.runner.protocols import RunningScript, ScriptProvider, ServerUsage
from engine.store import ProcessingJobRow


class ScriptFailed(JobFailed):
    """A container has ended with another exit status than 0."""


def host_name(number: int) -> str:
    """The host name of an instance, which are counted from 1."""
    return f"algo-{number}"


class ScriptInstance:
    """An instance; `base_dir` is what its container sees as /opt/ml."""

    def __init__(self, directory: Path, row: ProcessingJobRow, number: int, log: InstanceLog) -> None:
        """`directory` is its own folder, which `prepare` creates."""
        self.number = number
        self.log = log
        self.base_dir = directory / "ml"
        self._directory = directory
        self._row = row
        self._script: RunningScript | None = None
        #: Whether its container has ended by itself.
        self.has_ended = False

    def prepare(self, config: Mapping[str, Any]) -> None:
        """Create its folders and configuration files. `config` is the content of processingjobconfig.json.

        Called in a thread.
        """
        cluster = cluster_of(self._row.request)
        outputs = self._row.request.get("ProcessingOutputConfig", {}).get("Outputs", [])
        local_paths = [
            path for output in outputs if (path := output.get("S3Output", {}).get("LocalPath")) is not None
        ]
        for path in (str(LOCAL_ROOT), *local_paths):
            (self.base_dir / below_base_dir(path)).mkdir(parents=True, exist_ok=True)
        for name in ("config", "output"):
            (self.base_dir / name).mkdir()
        resources = {
            "current_host": host_name(self.number),
            "hosts": [host_name(number + 1) for number in range(cluster["InstanceCount"])],
            "current_instance_type": cluster["InstanceType"],
            "network_interface_name": "lo",
        }
        for name, content in (("processingjobconfig", config), ("resourceconfig", resources)):
            (self.base_dir / "config" / f"{name}.json").write_text(json.dumps(content))

    async def run(
        self,
        scripts: ScriptProvider,
        prepared: Any,
        command: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        """Run the container to its end. Raises ScriptFailed if its exit status is not 0, CannotRun."""
        cluster = cluster_of(self._row.request)
        placement = ScriptPlacement(
            self._directory / "container",
            self.base_dir,
            self._directory / "python",
            cluster["InstanceType"],
            cluster["InstanceCount"],
            is_isolated(self._row.request),
        )
        self._script = await scripts.start(
            prepared, placement, command, environment, self.log.container(None)
        )
        await self._script.wait()
        self.has_ended = True
        # Ends what it has left behind, and reads the rest of its output.
        await self._script.stop()
        if status := self._script.exit_status:
            number = 128 - status if status < 0 else status
            raise ScriptFailed(f"AlgorithmError: See job logs for more information, exit code: {number}")

    async def stop(self) -> None:
        """End the container."""
        if self._script is not None:
            await self._script.stop()

    def usage(self) -> list[ServerUsage]:
        """Usage of the container, if it is known. Called in a thread."""
        usage = self._script.usage() if self._script is not None else None
        return [usage] if usage is not None else []

    def unlinked_bytes(self) -> int:
        """Bytes of the container's open files without a name. Called in a thread."""
        return self._script.unlinked_bytes() if self._script is not None else 0

    def own_memory(self, suspicious: int) -> int:
        """The container's memory in bytes, exact only above `suspicious`. Called in a thread."""
        counted_often = sum(usage.memory for usage in self.usage())
        if counted_often <= suspicious or self._script is None:
            return counted_often
        return self._script.exact_memory()

    def ran_out_of_memory(self) -> bool:
        """Whether the system ended a process of the container for lack of memory."""
        return self._script is not None and self._script.ran_out_of_memory()
