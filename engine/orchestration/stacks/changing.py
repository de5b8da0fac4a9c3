"""Creates, changes, restores and deletes single resources of a stack, with their rows and events."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.errors import ServiceError
from engine.orchestration.stacks.resources import Handler
from engine.stack_templates import TemplateError
from engine.stack_templates.changes import differences, needs_replacement
from engine.stack_templates.resource_types import ResourceType
from engine.stack_templates.stack_values import StackValues
from engine.stack_templates.template import TemplateResource
from engine.store.stacks import ResourceRow, StackRow, Stacks

_ALPHABET = string.ascii_uppercase + string.digits


class Failure(Exception):
    """A resource could not be created or changed. The message is a sentence for the stack's reason."""


class ResourceChanger:
    """Changes the resources of one stack. `handlers` are by type."""

    def __init__(self, stacks: Stacks, stack: StackRow, handlers: Mapping[str, Handler]) -> None:
        self._stacks = stacks
        self._stack = stack
        self._handlers = handlers

    async def apply(self, resource: TemplateResource, values: StackValues, position: int) -> None:
        """Bring a resource to what its template says. Raises Failure."""
        row = self._stacks.resources(self._stack.id).get(resource.logical_id)
        empty = ResourceRow(resource.logical_id, resource.type.name, "", "", position=position)
        row = replace(row or empty, policy=resource.deletion_policy, position=position)
        verb = "create" if not row.physical_id or (row.is_pending and not row.leftovers) else "update"
        try:
            await self._apply(resource, values.properties(resource), row, verb.upper())
        except (ServiceError, TemplateError) as error:
            row = self._stacks.resources(self._stack.id).get(resource.logical_id, row)
            message = error.message if isinstance(error, ServiceError) else str(error)
            self._put(replace(row, status=f"{verb.upper()}_FAILED", reason=message))
            raise Failure(f"The following resource(s) failed to {verb}: [{resource.logical_id}].") from None

    async def _apply(
        self, resource: TemplateResource, properties: dict[str, Any], row: ResourceRow, verb: str
    ) -> None:
        if not row.physical_id or row.is_pending:
            await self._create(resource.type, properties, row, verb)
            return
        changed = differences(row.properties, properties)
        if not changed and row.type == resource.type.name and row.status.endswith("_COMPLETE"):
            return
        if needs_replacement(resource.type, row.type, changed):
            self._check_replacement(resource.type, properties, row)
            leftovers = row.leftovers
            if resource.replace_policy != "Retain":
                leftovers = (*leftovers, (row.type, row.physical_id))
            fresh = ResourceRow(
                row.logical_id,
                resource.type.name,
                "",
                "",
                policy=row.policy,
                position=row.position,
                leftovers=leftovers,
            )
            await self._create(resource.type, properties, fresh, verb)
            return
        handler = self._handlers[row.type]
        self._put(replace(row, status=f"{verb}_IN_PROGRESS", reason=None))
        await handler.update(row.physical_id, row.properties, properties)
        attributes = handler.attributes(row.physical_id, properties)
        self._put(
            replace(row, status=f"{verb}_COMPLETE", reason=None, properties=properties, attributes=attributes)
        )

    async def _create(
        self, resource_type: ResourceType, properties: dict[str, Any], row: ResourceRow, verb: str
    ) -> None:
        """Create what a row stands for. If it is pending, an engine that was killed may have created it already."""
        handler = self._handlers[resource_type.name]
        name = str(properties.get(resource_type.name_property) or "")
        physical_id = (
            row.physical_id
            if row.is_pending
            else handler.physical_id(name or self._new_name(resource_type, row))
        )
        exists = await handler.exists(physical_id)
        if exists and not row.is_pending:
            raise ServiceError("AlreadyExists", f"{physical_id} already exists.")
        row = replace(
            row,
            type=resource_type.name,
            physical_id=physical_id,
            status=f"{verb}_IN_PROGRESS",
            reason=None,
            is_pending=True,
        )
        self._put(row)
        if exists:
            await handler.update(physical_id, {}, properties)
        else:
            await handler.create(physical_id, properties)
        attributes = handler.attributes(physical_id, properties)
        self._put(
            replace(
                row, status=f"{verb}_COMPLETE", properties=properties, attributes=attributes, is_pending=False
            )
        )

    async def restore(self, row: ResourceRow, old: ResourceRow) -> bool:
        """Bring a resource back to `old`; False if that fails, which an event tells."""
        try:
            if row.physical_id != old.physical_id:
                if row.physical_id:
                    await self._handlers[row.type].delete(row.physical_id)
            elif row.properties != old.properties or not row.status.endswith("_COMPLETE"):
                self._put(replace(row, status="UPDATE_IN_PROGRESS", reason=None))
                await self._handlers[old.type].update(old.physical_id, row.properties, old.properties)
            else:
                return True
        except ServiceError as error:
            self._put(replace(row, status="UPDATE_FAILED", reason=error.message))
            return False
        self._put(old)
        return True

    async def delete(self, row: ResourceRow) -> bool:
        """Delete a resource and what it replaced; False if that fails, which an event tells."""
        if not row.physical_id:
            self._stacks.drop_resource(self._stack.id, replace(row, status="DELETE_COMPLETE", reason=None))
            return True
        self._put(replace(row, status="DELETE_IN_PROGRESS", reason=None))
        try:
            await self._handlers[row.type].delete(row.physical_id)
            for old_type, old_id in row.leftovers:
                await self._handlers[old_type].delete(old_id)
        except ServiceError as error:
            self._put(replace(row, status="DELETE_FAILED", reason=error.message))
            return False
        self._stacks.drop_resource(self._stack.id, replace(row, status="DELETE_COMPLETE", reason=None))
        return True

    async def delete_leftovers(self, row: ResourceRow) -> None:
        """Delete what a resource replaced. What cannot be deleted is told and left."""
        for old_type, old_id in row.leftovers:
            old = replace(row, type=old_type, physical_id=old_id, status="DELETE_COMPLETE", reason=None)
            try:
                await self._handlers[old_type].delete(old_id)
            except ServiceError as error:
                old = replace(old, status="DELETE_FAILED", reason=error.message)
            self._stacks.add_event(self._stack.id, old)
        if row.leftovers:
            self._put(replace(row, leftovers=()))

    def _check_replacement(
        self, resource_type: ResourceType, properties: Mapping[str, Any], row: ResourceRow
    ) -> None:
        name = properties.get(resource_type.name_property)
        if (
            name
            and row.type == resource_type.name
            and self._handlers[row.type].physical_id(str(name)) == row.physical_id
        ):
            raise ServiceError(
                "ValidationError",
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{name} and update the stack again.",
            )

    def _new_name(self, resource_type: ResourceType, row: ResourceRow) -> str:
        """A generated name: of the stack, the logical id and random characters."""
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        start = f"{self._stack.name}-{row.logical_id}"[: resource_type.longest_name - len(suffix) - 1]
        return re.sub(r"-+$", "", start) + f"-{suffix}"

    def _put(self, row: ResourceRow) -> None:
        self._stacks.put_resource(self._stack.id, row)
