"""The request window: order, bounds, errors, and objects that share it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from engine.runner.budget import Budget
from engine.runner.window import Window


def window_of(size: int) -> Window[bytes]:
    """A window of a job alone on an engine with much memory."""
    return Window(size, Budget(10**9).share())


class Load:
    """What goes through a window, counted."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.cut = 0
        self.written: list[bytes] = []
        self.sending = 0
        self.most_sending = 0
        self.most_held = 0

    def payloads(self) -> Iterator[bytes]:
        for number in range(self.count):
            self.cut += 1
            self.most_held = max(self.most_held, self.cut - len(self.written))
            yield b"%d" % number

    async def send(self, payload: bytes) -> bytes:
        self.sending += 1
        self.most_sending = max(self.most_sending, self.sending)
        try:
            return await self.answer(payload)
        finally:
            self.sending -= 1

    async def answer(self, payload: bytes) -> bytes:
        await asyncio.sleep(random.random() / 1000)
        return payload

    async def run(self, window: Window[bytes]) -> None:
        await window.run(self.payloads(), self.send, self.written.append)


async def test_answers_are_written_in_order_and_the_window_is_full() -> None:
    load = Load(500)
    await load.run(window_of(7))
    assert load.written == [b"%d" % number for number in range(500)]
    assert load.most_sending == 7


@pytest.mark.parametrize("size", [1, 2, 8])
async def test_a_slow_first_answer_does_not_let_the_rest_pile_up(size: int) -> None:
    first = asyncio.Event()

    class SlowFirst(Load):
        async def answer(self, payload: bytes) -> bytes:
            if payload == b"0":
                await first.wait()
            return payload

    load = SlowFirst(100)
    running = asyncio.create_task(load.run(window_of(size)))
    # With one request at a time, what can pile up is the one that is ready to follow.
    expected = 2 if size == 1 else 2 * size + 1
    async with asyncio.timeout(5):
        while load.cut < expected:
            await asyncio.sleep(0)
    for _ in range(1000):
        await asyncio.sleep(0)  # Turns in which it could cut more, if it would.
    assert load.cut == expected
    first.set()
    await running
    assert load.written == [b"%d" % number for number in range(100)]
    assert load.most_held <= 2 * size + 1


async def test_many_objects_share_one_window_and_all_get_through() -> None:
    window = window_of(3)
    loads = [Load(random.randrange(40)) for _ in range(20)]
    async with asyncio.timeout(20):
        await asyncio.gather(*(load.run(window) for load in loads))
    for load in loads:
        assert load.written == [b"%d" % number for number in range(load.count)]


class Failing(Load):
    async def answer(self, payload: bytes) -> bytes:
        if payload == b"5":
            raise ValueError("bad record")
        return await super().answer(payload)


async def test_an_error_ends_the_object_and_what_it_had_in_flight() -> None:
    load = Failing(1000)
    with pytest.raises(ValueError, match="bad record"):
        await load.run(window_of(4))
    assert load.written == [b"%d" % number for number in range(5)]
    assert load.cut < 20
    assert load.sending == 0


async def test_objects_that_fail_leave_the_window_whole_for_others() -> None:
    window = window_of(2)

    class Broken(Load):
        def payloads(self) -> Iterator[bytes]:
            yield from [b"0", b"1"]
            raise LookupError("cannot be read")

    def unwritable(_: bytes) -> None:
        raise OSError("no space")

    for _ in range(5):
        with pytest.raises(ValueError, match="bad record"):
            await Failing(50).run(window)
        with pytest.raises(LookupError):
            await Broken(0).run(window)
        full = Load(50)
        with pytest.raises(OSError, match="no space"):
            await window.run(full.payloads(), full.send, unwritable)
        cancelled = asyncio.create_task(Load(50).run(window))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
    load = Load(100)
    async with asyncio.timeout(5):
        await load.run(window)
    assert load.most_sending == 2


async def test_an_object_without_payloads_writes_nothing() -> None:
    load = Load(0)
    await load.run(window_of(1))
    assert load.written == []
