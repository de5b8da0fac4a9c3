"""Work on files in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

#: Files that are worked on at the same time.
AT_ONCE = 4
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def in_parallel(work: Callable[[Item], Outcome], items: Iterable[Item], at_once: int) -> Iterator[Outcome]:
    """Yield what `work` returns for each item, in the order in which it ends. `items` are taken as work goes on."""
    pool = ThreadPoolExecutor(at_once)
    running: set[Future[Outcome]] = set()
    try:
        for item in items:
            running.add(pool.submit(work, item))
            if len(running) >= 4 * at_once:
                done_futures, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done_futures)
        for future in running:
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
