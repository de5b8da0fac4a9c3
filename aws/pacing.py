"""Asking before each request to SageMaker, a repeated one too, whether it may be sent now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_pacer: ContextVar[Callable[[], None] | None] = ContextVar("pacer", default=None)


@contextmanager
def paced(pacer: Callable[[], None]) -> Iterator[None]:
    """Inside, `pacer` is called before each request to SageMaker; what it raises comes out of the call."""
    before = _pacer.set(pacer)
    try:
        yield
    finally:
        _pacer.reset(before)


def hold_to_pace(made: Any) -> None:
    """Make a new SageMaker client ask the pacer, if there is one when it sends."""
    made.meta.events.register("before-send.sagemaker", _before_send)


def _before_send(**_: Any) -> None:
    pacer = _pacer.get()
    if pacer is not None:
        pacer()
