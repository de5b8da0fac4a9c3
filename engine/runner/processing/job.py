"""Running one processing job to its final status."""

from __future__ import annotations

import asyncio
import codecs
import errno
import functools
import logging
import os
import time
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from engine.config import Config
from engine.credentials import Credentials
from engine.disk import is_full
from engine.errors import CannotRun, ServiceError
from engine.limits import MIB
from engine.objects import ObjectStore
from engine.removing import remove_tree
from engine.runner.failures import INTERNAL_ERROR, NO_CAPACITY, JobFailed
from engine.runner.logs import PROCESSING_GROUP, InstanceLog, LogBudget
from engine.runner.meter import Meter
from engine.runner.processing.environment import configuration_of, container_variables
from engine.runner.processing.inputs import ProcessingInput, download_input, plan_inputs
from engine.runner.processing.instance import ScriptFailed, ScriptInstance, host_name
from engine.runner.processing.outputs import read_beginning
from engine.runner.processing.request import cluster_of, with_defaults
from engine.runner.processing.uploads import OutputUploads
from engine.runner.protocols import ScriptProvider
from engine.runner.task_groups import run_all, run_in_thread, run_to_end
from engine.runner.watch import run_watched
from engine.store import ProcessingJobRow, Store
from engine.store.clock import now

log = logging.getLogger(__name__)

#: Maximum characters of SageMaker's FailureReason, and bytes of its ExitMessage.
_LONGEST_REASON = 1024
_LONGEST_MESSAGE = 1024
_MESSAGE = PurePosixPath("output/message")
#: What a job waits for while the environment of its image is made, before the last line about it.
_PREPARING = (
    "Preparing the environment of the image. This happens once; the job's log shows how far it has come."
)
_LONGEST_LINE = 200


class ProcessingJob:
    """Runs one processing job. Cancelling `run` ends the containers and leaves the row unchanged."""

    def __init__(
        self,
        config: Config,
        store: Store,
        objects: ObjectStore,
        scripts: ScriptProvider,
        credentials: Credentials,
        row: ProcessingJobRow,
    ) -> None:
        self._config = config
        self._store = store
        self._objects = objects
        self._scripts = scripts
        self._credentials = credentials
        self._row = row
        self._request = with_defaults(row.request)
        # No job's name has a dot, so no transform job has this folder.
        self._directory = config.jobs_dir / f"processing.{row.name}"
        self._instances = self._new_instances()
        self._preparing = ""
        self._message: str | None = None

    @property
    def reason_to_wait(self) -> str | None:
        """Why the containers do not run yet, as a sentence; None if they do."""
        return self._preparing or None

    async def run(self) -> None:
        """Run the job and store its final status.

        If the disk is full, raises the error (see `engine.disk.is_full`) and leaves the row unchanged.
        """
        status, reason = "Failed", None
        try:
            status = await self._run()
        except ScriptFailed as failed:
            reason = str(failed)
        except JobFailed as failed:
            reason = self._log_reason(str(failed))
        except ServiceError as error:
            reason = self._log_reason(f"ClientError: {error.message}")
        except Exception as error:
            if is_full(error):
                raise
            log.exception("processing job %s failed in the engine itself", self._row.name)
            text = f"InternalServerError: {error.strerror or error}" if isinstance(error, OSError) else ""
            reason = self._log_reason(text or INTERNAL_ERROR)
        finally:
            await run_to_end(self._end())
        self._store.processing.move(
            self._row.name,
            status,
            ("InProgress",),
            failure_reason=reason[:_LONGEST_REASON] if reason else None,
            ended=now(),
            exit_message=self._message,
        )

    def _log_reason(self, text: str) -> str:
        """Log the text; returns it."""
        self._instances[0].log.container(None)([f"[engine] {text}"])
        return text

    async def _run(self) -> str:
        """Run the job; returns its status if it does not fail. Raises JobFailed."""
        cluster = cluster_of(self._request)
        if reason := self._scripts.reason_against(self._image):
            raise JobFailed(f"ClientError: {reason}")
        if cluster["InstanceType"] in self._config.no_capacity:
            raise JobFailed(NO_CAPACITY)
        limits = self._config.limits
        uploads = OutputUploads(self._objects, self._request, self._instances, limits.disk_mb * MIB)
        inputs = await asyncio.to_thread(plan_inputs, self._objects, self._request, self._row.scope)
        await asyncio.to_thread(remove_tree, self._directory)
        self._directory.mkdir(parents=True)
        self._check_space(inputs)
        memory = limits.memory_of(cluster["InstanceType"])
        failures: list[JobFailed] = []
        is_stopped = False
        try:
            work = self._prepare_and_run(inputs, uploads)
            await run_watched(work, self._directory, self._instances, limits, memory)
        except _TooLong:
            is_stopped = True
            seconds = self._request["StoppingCondition"]["MaxRuntimeInSeconds"]
            self._log_reason(f"The job is stopped: it has run for MaxRuntimeInSeconds, {seconds} s.")
        except JobFailed as failed:
            # What a script that failed has written is uploaded too.
            if not any(instance.has_ended for instance in self._instances):
                raise
            failures.append(failed)
        await self._stop_instances()
        try:
            self._message = await asyncio.to_thread(self._exit_message)
        except JobFailed as failed:
            failures.append(failed)
        if is_stopped:
            return "Stopped"
        await uploads.upload_all()
        if failures:
            raise failures[0]
        return "Completed"

    def _check_space(self, inputs: Sequence[ProcessingInput]) -> None:
        """Raises JobFailed for inputs that are too large for a job's folders, OSError (ENOSPC) for a full disk."""
        sizes = [
            size
            for planned in inputs
            for number in range(len(self._instances))
            for _, size in planned.share(number + 1, len(self._instances))
        ]
        limits = self._config.limits
        if sum(sizes) > limits.disk_mb * MIB:
            raise JobFailed(
                f"ClientError: The inputs of all instances have {sum(sizes) // MIB} MiB, and a job may hold "
                f"{limits.disk_mb} MiB on disk (ENGINE_LIMITS, disk_mb)"
            )
        if sum(sizes) > limits.space_left(self._directory):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def _prepare_and_run(self, inputs: Sequence[ProcessingInput], uploads: OutputUploads) -> None:
        """Make the environment and the folders, and run the containers to their end.

        Raises JobFailed, and _TooLong after MaxRuntimeInSeconds.
        """
        try:
            prepared = await self._scripts.prepare(self._image, self._report_progress)
            self._preparing = ""
            for instance in self._instances:
                instance.log.begin()
                await asyncio.to_thread(instance.prepare, configuration_of(self._row, self._request))
            for planned in inputs:
                for instance in self._instances:
                    await run_in_thread(
                        functools.partial(
                            download_input,
                            self._objects,
                            planned,
                            instance.base_dir,
                            instance.number,
                            len(self._instances),
                        )
                    )
            self._store.processing.started(self._row.name, now())
            with self._credentials.job_key(self._row.request["RoleArn"], self._row.scope) as key:
                variables = container_variables(
                    self._row, self._request, self._config.region, self._scripts, key
                )
                async with uploads.continuous():
                    await self._run_instances(prepared, variables)
        except CannotRun as error:
            raise JobFailed(f"{error.blame}: {error}") from error

    async def _run_instances(self, prepared: Any, variables: dict[str, str]) -> None:
        specification = self._request["AppSpecification"]
        command = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
        running = run_all(
            instance.run(self._scripts, prepared, command, variables) for instance in self._instances
        )
        seconds = self._request["StoppingCondition"]["MaxRuntimeInSeconds"]
        try:
            async with (
                asyncio.timeout(seconds) as deadline,
                Meter(self._store, self._instances, time.time(), self._config.metrics_pause),
            ):
                await running
        except TimeoutError as error:
            if deadline.expired():
                raise _TooLong from error
            raise

    def _exit_message(self) -> str | None:
        """What the first instance that has a message has written. Raises JobFailed if it is not UTF-8."""
        for instance in self._instances:
            if not instance.base_dir.is_dir():
                continue
            body = read_beginning(instance.base_dir, _MESSAGE, _LONGEST_MESSAGE)
            if body is not None:
                return _decoded(body)
        return None

    def _report_progress(self, line: str) -> None:
        self._preparing = f"{_PREPARING} Now: {line[:_LONGEST_LINE]}"
        self._instances[0].log.container(None)([line])

    async def _stop_instances(self) -> None:
        await asyncio.gather(*(instance.stop() for instance in self._instances))

    async def _end(self) -> None:
        await self._stop_instances()
        await asyncio.to_thread(remove_tree, self._directory)

    @property
    def _image(self) -> str:
        image: str = self._request["AppSpecification"]["ImageUri"]
        return image

    def _new_instances(self) -> list[ScriptInstance]:
        epoch, budget = int(time.time()), LogBudget(self._config.limits.log_mb * MIB)
        count = cluster_of(self._request)["InstanceCount"]
        return [
            ScriptInstance(
                self._directory / f"instance-{number}",
                self._row,
                number,
                InstanceLog(self._store, self._row.name, host_name(number), epoch, budget, PROCESSING_GROUP),
            )
            for number in range(1, count + 1)
        ]


class _TooLong(Exception):
    """The containers have run for MaxRuntimeInSeconds."""


def _decoded(body: bytes) -> str:
    """The beginning of an exit message, without a character that is cut off. Raises JobFailed if it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(body, final=len(body) < _LONGEST_MESSAGE)
    except UnicodeDecodeError:
        raise JobFailed("ClientError: /opt/ml/output/message is not UTF-8") from None
