"""One stack's operation: creating, changing, rolling back, deleting.

The stack's status says what is to be done, and its resources' rows how far that is. Each step can be repeated, so that
an operation goes on after a kill.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.credentials import Key
from engine.operations.context import Context
from engine.operations.stack_requests import stack_values
from engine.orchestration.calls import Call
from engine.orchestration.stacks.changing import Failure, ResourceChanger
from engine.orchestration.stacks.resources import HANDLERS
from engine.stack_templates import TemplateError
from engine.stack_templates.stack_values import StackValues
from engine.stack_templates.template import Template, parse_template
from engine.store.clock import now
from engine.store.stacks import DELETED, ResourceRow, StackRow

log = logging.getLogger(__name__)

#: What each status in progress becomes if the engine itself fails.
_GIVEN_UP = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
}


class Deployment:
    """Brings a stack from a status in progress to one that ends its operation."""

    def __init__(self, ctx: Context, call: Call, stack_id: str) -> None:
        self._ctx = ctx
        self._call = call
        self.stack_id = stack_id
        self._steps: Mapping[str, Callable[[StackRow], Awaitable[None]]] = {
            "CREATE_IN_PROGRESS": self._create,
            "ROLLBACK_IN_PROGRESS": self._roll_back_creation,
            "DELETE_IN_PROGRESS": self._delete,
            "UPDATE_IN_PROGRESS": self._update,
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": self._clean_up,
            "UPDATE_ROLLBACK_IN_PROGRESS": self._roll_back_update,
        }

    async def advance(self) -> bool:
        """Take one step to another status; False if the operation has ended."""
        row = self._ctx.store.stacks.get(self.stack_id)
        step = self._steps.get(row.status) if row is not None else None
        if row is None or step is None:
            return False
        await step(row)
        return True

    def give_up(self, reason: str) -> None:
        """End the operation as failed."""
        row = self._ctx.store.stacks.get(self.stack_id)
        if row is not None and row.status in _GIVEN_UP:
            self._move(row, _GIVEN_UP[row.status], reason)

    async def _create(self, row: StackRow) -> None:
        try:
            outputs = await self._apply(row)
        except Failure as failure:
            target = {"DO_NOTHING": "CREATE_FAILED", "DELETE": "DELETE_IN_PROGRESS"}
            status = target.get(row.request.get("OnFailure", "ROLLBACK"), "ROLLBACK_IN_PROGRESS")
            self._move(
                row,
                status,
                f"{failure} Rollback requested by user." if "ROLLBACK" in status else str(failure),
            )
            return
        self._move(replace(row, outputs=outputs), "CREATE_COMPLETE")

    async def _update(self, row: StackRow) -> None:
        try:
            outputs = await self._apply(row)
        except Failure as failure:
            nothing = row.request.get("OnFailure") == "DO_NOTHING"
            self._move(row, "UPDATE_FAILED" if nothing else "UPDATE_ROLLBACK_IN_PROGRESS", str(failure))
            return
        self._move(replace(row, outputs=outputs), "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")

    async def _apply(self, row: StackRow) -> list[dict[str, str]]:
        """Create and change all resources of the template, and return its outputs. Raises Failure."""
        template = parse_template(row.request["Template"])
        changer = self._changer(row)
        try:
            resources = list(self._values(row, template).resources())
            for position, resource in enumerate(resources):
                await changer.apply(resource, self._values(row, template), position)
            return self._values(row, template).outputs()
        except TemplateError as error:
            raise Failure(str(error)) from None

    async def _roll_back_creation(self, row: StackRow) -> None:
        failures = await self._delete_all(row, retained=())
        if failures:
            self._move(row, "ROLLBACK_FAILED", _names_phrase(failures, "delete"))
        else:
            self._move(replace(row, outputs=[]), "ROLLBACK_COMPLETE")

    async def _delete(self, row: StackRow) -> None:
        failures = await self._delete_all(row, retained=row.request.get("RetainResources", ()))
        if failures:
            self._move(row, "DELETE_FAILED", _names_phrase(failures, "delete"))
        else:
            self._move(replace(row, deleted=now()), DELETED)

    async def _delete_all(self, row: StackRow, retained: Any) -> list[str]:
        """Delete all resources, the last ones first; returns the logical ids of those that could not be."""
        changer = self._changer(row)
        failures = []
        for resource in reversed(self._resources().values()):
            keeps = resource.logical_id in retained or (
                row.status == "DELETE_IN_PROGRESS" and resource.policy == "Retain" and not resource.is_pending
            )
            if keeps:
                self._ctx.store.stacks.drop_resource(
                    row.id, replace(resource, status="DELETE_SKIPPED", reason=None)
                )
            elif not await changer.delete(resource):
                failures.append(resource.logical_id)
        return failures

    async def _clean_up(self, row: StackRow) -> None:
        """Delete what the update replaced or removed. What cannot be deleted is told and left."""
        names = {resource.logical_id for resource in self._values(row).resources()}
        changer = self._changer(row)
        for resource in reversed(self._resources().values()):
            if resource.logical_id in names:
                await changer.delete_leftovers(resource)
            elif resource.policy == "Retain":
                self._ctx.store.stacks.drop_resource(
                    row.id, replace(resource, status="DELETE_SKIPPED", reason=None)
                )
            elif not await changer.delete(resource):
                failed = replace(resource, status="DELETE_FAILED", reason="It is left as it is.")
                self._ctx.store.stacks.drop_resource(row.id, failed)
        self._move(replace(row, previous=None), "UPDATE_COMPLETE")

    async def _roll_back_update(self, row: StackRow) -> None:
        """Bring all resources back to what they were before the update, the last ones first."""
        assert row.previous is not None
        previous, changer, failures = row.previous, self._changer(row), []
        for resource in reversed(self._resources().values()):
            before = previous["resources"].get(resource.logical_id)
            if not await self._restore(changer, resource, before):
                failures.append(resource.logical_id)
        if failures:
            self._move(row, "UPDATE_ROLLBACK_FAILED", _names_phrase(failures, "update"))
            return
        restored = replace(row, request=previous["request"], outputs=previous["outputs"], previous=None)
        self._move(restored, "UPDATE_ROLLBACK_COMPLETE")

    async def _restore(
        self, changer: ResourceChanger, resource: ResourceRow, before: dict[str, Any] | None
    ) -> bool:
        if before is None:
            return await changer.delete(resource)
        old = ResourceRow(
            resource.logical_id,
            before["type"],
            before["physical_id"],
            "UPDATE_COMPLETE",
            properties=before["properties"],
            attributes=before["attributes"],
            policy=before["policy"],
            position=before["position"],
        )
        return await changer.restore(resource, old)

    def _changer(self, row: StackRow) -> ResourceChanger:
        ctx = replace(self._ctx, caller=Key("", "", row.created_by, scope=row.scope))
        handlers = {name: handler(ctx, self._call, row.id) for name, handler in HANDLERS.items()}
        return ResourceChanger(self._ctx.store.stacks, row, handlers)

    def _values(self, row: StackRow, template: Template | None = None) -> StackValues:
        template = template or parse_template(row.request["Template"])
        return stack_values(self._ctx.config, (row.name, row.id), row.request, template, self._resources())

    def _resources(self) -> dict[str, ResourceRow]:
        return self._ctx.store.stacks.resources(self.stack_id)

    def _move(self, row: StackRow, status: str, reason: str | None = None) -> None:
        moved = replace(row, status=status, reason=reason)
        self._ctx.store.stacks.move(moved, (row.status,))
        log.info("%s is %s%s", row.id, status, f": {reason}" if reason else "")


def _names_phrase(names: list[str], verb: str) -> str:
    return f"The following resource(s) failed to {verb}: [{', '.join(sorted(names))}]."
