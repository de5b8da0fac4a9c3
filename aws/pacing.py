"""Call a pacer before each request to SageMaker, including botocore's retries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_pacer: ContextVar[Callable[[], None] | None] = ContextVar("pacer", default=None)


@contextmanager
def paced(pacer: Callable[[], None]) -> Iterator[None]:
    """Inside the block `pacer` is called before each request to SageMaker; its exceptions come out of the call."""
    before = _pacer.set(pacer)
    try:
        yield
    finally:
        _pacer.reset(before)


def hold_to_pace(sagemaker: Any) -> None:
    """Make a new SageMaker client call the pacer, if one is set when it sends."""
    sagemaker.meta.events.register("before-send.sagemaker", _before_send)


def _before_send(**_: Any) -> None:
    pacer = _pacer.get()
    if pacer is not None:
        pacer()
