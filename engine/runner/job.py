"""Running one job to its final status."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence

from engine.config import Config
from engine.disk import is_full
from engine.errors import ServiceError
from engine.limits import MIB
from engine.objects import ObjectStore
from engine.runner.budget import Budget
from engine.runner.capture import check_capture, write_capture
from engine.runner.failures import (
    ALGORITHM_ERROR,
    CLIENT_ERROR,
    INTERNAL_ERROR,
    NO_CAPACITY,
    JobFailed,
    ObjectFailed,
)
from engine.runner.fault_injection import Trouble, troubles_of
from engine.runner.fleet import Fleet
from engine.runner.instance import Instance
from engine.runner.logs import InstanceLog, LogBudget
from engine.runner.meter import Meter
from engine.runner.output_space import OutputSpace
from engine.runner.parameters import effective_parameters, processing_of
from engine.runner.plan import Plan, PlannedObject, make_plan
from engine.runner.protocols import RuntimeProvider
from engine.runner.publishing import Publisher
from engine.runner.task_groups import run_all, run_to_end
from engine.runner.transform_object import NumberedBody, ObjectTransform
from engine.runner.unsupported import reason_against
from engine.runner.watch import memory_reason, run_watched
from engine.runner.window import Window
from engine.store import JobRow, Store
from engine.store.clock import now
from transform.dataprocessing import DataProcessing

log = logging.getLogger(__name__)

#: Maximum characters of SageMaker's FailureReason.
_LONGEST_REASON = 1024


class Job:
    """Runs one job. Cancelling `run` ends the instances and leaves the row unchanged."""

    def __init__(
        self,
        config: Config,
        store: Store,
        objects: ObjectStore,
        runtimes: RuntimeProvider,
        budget: Budget,
        row: JobRow,
    ) -> None:
        self._config = config
        self._share = budget.share()
        self._store = store
        self._objects = objects
        self._runtimes = runtimes
        self._row = row
        self._request = row.request
        self._epoch = int(time.time())
        self._log_budget = LogBudget(config.limits.log_mb * MIB)
        self._first_log = self._new_log()
        self._fleet = Fleet(config, objects, runtimes, row)
        self._failures: list[ObjectFailed] = []

    @property
    def reason_to_wait(self) -> str | None:
        """Why the job does not transform yet, as a sentence; None if it does."""
        return self._fleet.reason_to_wait

    async def run(self) -> None:
        """Run the job and store its final status.

        If the disk is full, raises the error (see `engine.disk.is_full`) and leaves the row unchanged.
        """
        try:
            await self._run()
            reason = self._why_objects_failed()
        except JobFailed as failed:
            reason = str(failed)
        except ServiceError as error:
            reason = f"ClientError: {error.message}"
        except Exception as error:
            if is_full(error):
                raise
            log.exception("job %s failed in the engine itself", self._row.name)
            reason = INTERNAL_ERROR
            if isinstance(error, OSError):
                reason = f"InternalServerError: {error.strerror or error}"
        finally:
            await run_to_end(self._fleet.end())
        self._finish(reason)

    def _finish(self, reason: str | None) -> None:
        if reason is not None and reason not in (CLIENT_ERROR, ALGORITHM_ERROR):
            self._first_log.sagemaker(reason)
        self._store.jobs.move(
            self._row.name,
            "Failed" if reason else "Completed",
            ("InProgress",),
            failure_reason=reason[:_LONGEST_REASON] if reason else None,
            ended=now(),
        )
        self._store.jobs.forget_objects(self._row.name)

    def _why_objects_failed(self) -> str | None:
        """The job's failure reason if objects failed; client errors come first, as in SageMaker."""
        if not self._failures:
            return None
        if any(instance.ran_out_of_memory() for instance in self._fleet.instances):
            return memory_reason(self._memory)
        return CLIENT_ERROR if any(failure.client_error for failure in self._failures) else ALGORITHM_ERROR

    async def _run(self) -> None:
        if reason := reason_against(self._row, self._runtimes):
            raise JobFailed(reason)
        troubles = troubles_of(self._store, self._row)
        instance_type = self._request["TransformResources"]["InstanceType"]
        if instance_type in self._config.no_capacity or any(trouble.no_capacity for trouble in troubles):
            raise JobFailed(NO_CAPACITY)
        check_capture(self._objects, self._row)
        plan = await asyncio.to_thread(
            make_plan,
            self._objects,
            self._request,
            self._row.started,
            self._first_log.sagemaker,
            self._row.scope,
        )
        remaining_plan = self._remaining_plan(plan)
        started = (
            await self._transform_all(remaining_plan, troubles) if remaining_plan.keys else self._row.started
        )
        if started is not None:
            write_capture(self._objects, self._row, plan, self._done_keys(), started)

    async def _transform_all(self, plan: Plan, troubles: Sequence[Trouble]) -> float:
        """Transform the plan's objects; returns the job's start time in epoch seconds."""
        shares = plan.shares(self._request["TransformResources"]["InstanceCount"])
        await self._fleet.prepare(self._first_log, troubles)
        started = self._row.started or now()
        self._store.jobs.started(self._row.name, started)
        processing = processing_of(self._request, self._config.unsettled, started)
        logs = [self._first_log, *(self._new_log() for _ in shares[1:])]
        work = self._start_and_transform(plan, shares, processing, logs)
        limits = self._config.limits
        await run_watched(work, self._fleet.directory, self._fleet.instances, limits, self._memory)
        return started

    async def _start_and_transform(
        self, plan: Plan, shares: list[list[str]], processing: DataProcessing, logs: list[InstanceLog]
    ) -> None:
        began = time.time()
        await self._fleet.start(logs)
        async with Meter(self._store, self._fleet.instances, began, self._config.metrics_pause):
            await self._transform_shares(plan, shares, processing)

    async def _transform_shares(
        self, plan: Plan, shares: list[list[str]], processing: DataProcessing
    ) -> None:
        """Transform on each instance its share of the objects."""
        parameters = effective_parameters(
            self._request, await self._fleet.instances[0].execution_parameters()
        )
        for instance in self._fleet.instances:
            instance.log.sagemaker(parameters.line)
        publisher = Publisher(self._objects, self._store.jobs, self._row.name)
        work = ObjectTransform(
            self._config,
            self._objects,
            self._request,
            parameters,
            processing,
            publisher,
            OutputSpace(self._config.limits, self._config.data_dir),
            time.time(),
        )
        try:
            await run_all(
                self._run_share(instance, plan, share, work)
                for instance, share in zip(self._fleet.instances, shares, strict=True)
            )
        finally:
            publisher.flush()

    @property
    def _memory(self) -> int:
        """Bytes of memory that an instance may use."""
        return self._config.limits.memory_of(self._request["TransformResources"]["InstanceType"])

    def _done_keys(self) -> set[str]:
        outcomes = self._store.jobs.finished_objects(self._row.name)
        return {key for key, outcome in outcomes.items() if outcome == "done"}

    def _remaining_plan(self, plan: Plan) -> Plan:
        """The plan without the objects that an interrupted run has finished. Failed objects are tried again."""
        done_keys = self._done_keys()
        remaining_plan = plan.without(done_keys) if done_keys else plan
        if self._row.started is not None:
            self._first_log.sagemaker(
                f"The job is taken up again; {len(remaining_plan.keys)} of {len(plan.keys)} objects "
                "are left to transform"
            )
        return remaining_plan

    async def _run_share(
        self, instance: Instance, plan: Plan, share: list[str], work: ObjectTransform
    ) -> None:
        """Transform one instance's objects: as many at a time as it may have requests, and one more in preparation."""
        size = work.parameters.max_concurrent_transforms
        window: Window[NumberedBody] = Window(size, self._share, _size_of)
        waiting = iter(share)

        async def one_after_the_other() -> None:
            for key in waiting:
                await self._transform(instance, plan.object(key), work, window)

        await run_all(one_after_the_other() for _ in range(min(size + 1, len(share))))

    async def _transform(
        self, instance: Instance, planned: PlannedObject, work: ObjectTransform, window: Window[NumberedBody]
    ) -> None:
        try:
            await work.run(planned, instance, window)
        except ObjectFailed as failure:
            instance.log.about(f"{planned.bucket}/{planned.key}", failure.log_lines)
            if failure.ends_job is not None:
                raise failure.ends_job from failure
            self._failures.append(failure)
            self._store.jobs.mark_objects(self._row.name, [planned.key], "failed")

    def _new_log(self) -> InstanceLog:
        instance_id = f"i-{secrets.token_hex(9)[:17]}"
        return InstanceLog(self._store, self._row.name, instance_id, self._epoch, self._log_budget)


def _size_of(payload: NumberedBody) -> int:
    """The bytes of a payload that are held; a streamed body holds none."""
    _, body = payload
    return len(body) if isinstance(body, bytes) else 0
