"""The life of one job, from its row to its final status."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.errors import ServiceError
from engine.objects import ObjectStore
from engine.runner.container import Container
from engine.runner.failures import ALGORITHM_ERROR, CLIENT_ERROR, INTERNAL_ERROR, JobFailed, ObjectFailed
from engine.runner.instance import Calls, Instance
from engine.runner.logs import InstanceLog
from engine.runner.parameters import Parameters, container_environment, effective
from engine.runner.plan import PlannedObject, deal, plan
from engine.runner.protocols import RuntimeProvider, Server
from engine.runner.transform_object import transform_object
from engine.runner.window import Window
from engine.store import JobRow, Store
from transform.keys import parse_s3_uri
from transform.records import SUPPORTED_SPLIT_TYPES

log = logging.getLogger(__name__)

_RUNNING = ("InProgress",)


class Job:
    """Runs one job once. Cancelling `run` ends its instances and leaves the row as it is."""

    def __init__(
        self, config: Config, store: Store, objects: ObjectStore, runtimes: RuntimeProvider, row: JobRow
    ) -> None:
        self._config = config
        self._store = store
        self._objects = objects
        self._runtimes = runtimes
        self._row = row
        self._request = row.request
        self._directory = config.jobs_dir / row.name
        self._epoch = int(time.time())
        self._first_log = self._new_log()
        self._instances: list[Instance] = []

    async def run(self) -> None:
        """Do the job and write down how it ended."""
        try:
            reason = await self._run()
        except JobFailed as failed:
            reason = str(failed)
        except ServiceError as error:
            reason = f"ClientError: {error.message}"
        except Exception:
            log.exception("job %s failed in the engine itself", self._row.name)
            reason = INTERNAL_ERROR
        finally:
            await self._clean_up()
        self._finish(reason)

    def _finish(self, reason: str | None) -> None:
        if reason is not None and not reason.endswith("more information"):
            self._first_log.sagemaker(reason)
        self._store.jobs.move(
            self._row.name,
            "Failed" if reason else "Completed",
            _RUNNING,
            failure_reason=reason[:1024] if reason else None,
            ended=time.time(),
        )
        self._store.jobs.forget_objects(self._row.name)

    async def _run(self) -> str | None:
        """The reason the job failed, or None."""
        self._refuse_what_is_not_there()
        planned = plan(self._objects, self._request, self._first_log.sagemaker)
        done = self._store.jobs.finished_objects(self._row.name)
        left = [item for item in planned if done.get(item.key) != "done"]
        if not left:
            return None
        shares = deal(left, min(self._request["TransformResources"]["InstanceCount"], len(left)))
        self._store.jobs.started(self._row.name, time.time())
        await self._start_instances(len(shares))
        parameters = effective(self._request, await self._instances[0].execution_parameters())
        for instance in self._instances:
            instance.log.sagemaker(parameters.line)
        failures = await self._run_shares(shares, parameters)
        if not failures:
            return None
        return CLIENT_ERROR if any(failure.client_error for failure in failures) else ALGORITHM_ERROR

    def _refuse_what_is_not_there(self) -> None:
        """Nothing a request asks for is passed over in silence: what this engine lacks fails the job at once."""
        for container in self._row.containers:
            if reason := self._runtimes.reason_against(container.get("Image", "")):
                raise JobFailed(f"ClientError: {reason}")
        split_type = self._request["TransformInput"].get("SplitType", "None")
        processing = self._request.get("DataProcessing", {})
        lacking = [
            name
            for name, plain in (("InputFilter", "$"), ("OutputFilter", "$"), ("JoinSource", "None"))
            if processing.get(name, plain) != plain
        ]
        lacking += [] if split_type in SUPPORTED_SPLIT_TYPES else [f"SplitType {split_type}"]
        lacking += ["DataCaptureConfig"] if "DataCaptureConfig" in self._request else []
        if lacking:
            raise JobFailed(
                f"ClientError: The embedded engine does not have {', '.join(lacking)}; run this job on AWS, "
                "or without"
            )

    async def _start_instances(self, count: int) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        logs = [self._first_log, *(self._new_log() for _ in range(count - 1))]
        makers = [await self._container_maker(position) for position in range(len(self._row.containers))]
        self._instances = [
            Instance([make(number, instance_log) for make in makers], Calls.of(self._request), instance_log)
            for number, instance_log in enumerate(logs)
        ]
        await _all(instance.start() for instance in self._instances)

    async def _container_maker(self, position: int) -> Any:
        """Prepare one of the model's containers; returns what makes it for an instance."""
        definition = self._row.containers[position]
        name = self._container_name(position)
        try:
            prepared = await self._runtimes.prepare(
                definition["Image"], lambda line: self._first_log.container(name)([line])
            )
            model_dir = await asyncio.to_thread(self._unpack_model, definition, position)
        except (ServiceError, JobFailed):
            raise
        except Exception as error:
            raise JobFailed(f"AlgorithmError: {error}") from error
        environment = container_environment(self._request, definition, str(model_dir))

        def make(number: int, instance_log: InstanceLog) -> Container:
            directory = self._directory / f"instance-{number}" / f"container-{position + 1}"

            async def start() -> Server:
                return await self._runtimes.start(
                    prepared, directory, environment, instance_log.container(name)
                )

            return Container(start, self._config.ping_deadline)

        return make

    def _container_name(self, position: int) -> str | None:
        if len(self._row.containers) == 1:
            return None
        hostname: str = self._row.containers[position].get("ContainerHostname", f"container-{position + 1}")
        return hostname

    def _unpack_model(self, definition: dict[str, Any], position: int) -> Path:
        """The folder with the container's model. Raises JobFailed when its data is not in the store."""
        directory = self._directory / f"model-{position + 1}"
        url = definition.get("ModelDataUrl")
        if not url:
            directory.mkdir(parents=True)
            return directory
        bucket, key = parse_s3_uri(url)
        if self._objects.head(bucket, key) is None:
            raise JobFailed(
                f"ClientError: There is no model data at {url}; upload it, or register the model anew"
            )
        with self._objects.open(bucket, key) as reader:
            self._runtimes.unpack(reader, directory)
        return directory

    async def _run_shares(
        self, shares: list[list[PlannedObject]], parameters: Parameters
    ) -> list[ObjectFailed]:
        failures: list[ObjectFailed] = []
        await _all(
            self._run_share(instance, share, parameters, failures)
            for instance, share in zip(self._instances, shares, strict=True)
        )
        return failures

    async def _run_share(
        self,
        instance: Instance,
        share: list[PlannedObject],
        parameters: Parameters,
        failures: list[ObjectFailed],
    ) -> None:
        """One instance's objects, as many at a time as it may have requests: small objects need it."""
        window = Window(parameters.max_concurrent_transforms)
        waiting = iter(share)

        async def work() -> None:
            for planned in waiting:
                failure = await self._transform(instance, planned, parameters, window)
                if failure is not None:
                    failures.append(failure)

        await _all(work() for _ in range(min(parameters.max_concurrent_transforms, len(share))))

    async def _transform(
        self, instance: Instance, planned: PlannedObject, parameters: Parameters, window: Window
    ) -> ObjectFailed | None:
        try:
            await transform_object(self._objects, self._request, parameters, planned, instance, window)
        except ObjectFailed as failure:
            for line in failure.lines:
                instance.log.data(f"[sagemaker logs]: {planned.bucket}/{planned.key}: {line}")
            self._store.jobs.mark_object(self._row.name, planned.key, "failed")
            return failure
        self._store.jobs.mark_object(self._row.name, planned.key, "done")
        return None

    def _new_log(self) -> InstanceLog:
        return InstanceLog(self._store, self._row.name, f"i-{secrets.token_hex(9)[:17]}", self._epoch)

    async def _clean_up(self) -> None:
        await asyncio.gather(*(instance.stop() for instance in self._instances))
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)


async def _all(coroutines: Any) -> None:
    """Run all; the first error cancels the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in coroutines:
                group.create_task(coroutine)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
