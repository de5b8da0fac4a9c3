"""Running coroutines concurrently, or protected from cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def run_all(coroutines: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Run the coroutines concurrently. The first error cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in coroutines:
                group.create_task(coroutine)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine to its end and return its result. A cancellation is raised only afterwards."""
    task = asyncio.ensure_future(coroutine)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:
            break
    if cancelled is not None:
        raise cancelled
    return task.result()


class Abandoned(Exception):
    """The work in a thread was abandoned."""


async def run_in_thread(work: Callable[[threading.Event], T]) -> T:
    """Run `work` in a thread and return its result. A cancellation sets its event and is raised once it has ended.

    The work should look at the event often, and raise Abandoned.
    """
    end = threading.Event()
    task = asyncio.create_task(asyncio.to_thread(work, end))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        end.set()
        await asyncio.gather(task, return_exceptions=True)
        raise
