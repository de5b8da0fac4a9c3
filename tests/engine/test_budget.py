"""The memory that all jobs' requests and answers take in the engine: bounded, shared, and never a reason to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from engine.limits import MIB, Limits
from engine.runner.budget import MOST_REQUESTS, Budget, Share
from engine.runner.http_client import HttpClient
from engine.runner.window import Window
from tests.engine.test_http_client import Serve, client_of, read_request

ANSWER = 2 * MIB
#: What one read from a connection brings at most, and a head.
READ = 256 * 1024


async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every request has a large answer, in many pieces."""
    while True:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ANSWER)
        for _ in range(ANSWER // 65536):
            writer.write(b"x" * 65536)
            await writer.drain()


class Held:
    """A budget, and the most that was held of it at once."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.budget = Budget(size)
        self.most = 0

    def look(self) -> None:
        """Take note of what is held now."""
        self.most = max(self.most, self.size - self.budget.left)


async def run_object(share: Share, client: HttpClient, count: int, window: Window[bytes], held: Held) -> int:
    """Send an object of so many payloads; returns the bytes of its output."""
    written: list[int] = []

    def payloads() -> Iterator[bytes]:
        for _ in range(count):
            held.look()
            yield b"x" * 1000

    async def send(payload: bytes) -> bytes:
        answer = await client.request("POST", "/invocations", {}, payload, 30)
        held.look()
        return answer.body

    await window.run(payloads(), send, lambda answer: written.append(len(answer)))
    assert len(written) == count
    return sum(written)


@pytest.mark.parametrize("megabytes", [1, 16], ids=["less than an answer", "some answers"])
async def test_large_answers_wait_until_there_is_memory_for_them(megabytes: int) -> None:
    held = Held(megabytes * MIB)
    share = held.budget.share()
    window: Window[bytes] = Window(20, share)
    async with client_of(large) as client, asyncio.timeout(60):
        sizes = await asyncio.gather(
            *(run_object(share, client, 10, window, held) for _ in range(4)),
        )
    assert sizes == [10 * ANSWER] * 4
    # Of the job's half, one answer more, and a read of each other connection.
    assert held.most <= megabytes * MIB // 2 + ANSWER + 20 * READ
    assert held.budget.left == held.size


async def test_a_job_leaves_others_as_much_as_it_holds() -> None:
    held = Held(16 * MIB)
    never = asyncio.Event()

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 * MIB))
        writer.write(b"x" * (3 * MIB))
        await writer.drain()
        await never.wait()

    hog = held.budget.share()
    small_share = held.budget.share()
    async with client_of(dribble) as slow, client_of(large) as fast, asyncio.timeout(60):
        hogging = asyncio.create_task(run_object(hog, slow, 50, Window(50, hog), held))
        while not hog.is_over:
            await asyncio.sleep(0)
        assert held.budget.left >= 16 * MIB // 2 - 3 * MIB - 50 * READ
        assert await run_object(small_share, fast, 10, Window(4, small_share), held) == 10 * ANSWER
        hogging.cancel()
        await asyncio.gather(hogging, return_exceptions=True)
        never.set()
    assert held.budget.left == held.size


async def test_a_server_that_holds_memory_and_is_slow_times_out_and_the_others_go_on() -> None:
    held = Held(MIB)
    share = held.budget.share()
    window: Window[bytes] = Window(4, share)
    never = asyncio.Event()
    first = True

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if first:
            first = False
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ANSWER + b"x" * MIB)
            await never.wait()
        await large(reader, writer)

    async def send(payload: bytes, client: HttpClient) -> bytes:
        try:
            return (await client.request("POST", "/invocations", {}, payload, 1)).body
        except TimeoutError:
            return b"late"

    written: list[bytes] = []
    payloads = iter([b"x"] * 8)
    async with client_of(serve) as client, asyncio.timeout(60):
        await window.run(payloads, lambda payload: send(payload, client), written.append)
        never.set()
    # The time for which the engine has no memory for an answer is not the server's.
    assert [len(answer) for answer in written] == [4, *[ANSWER] * 7]
    assert held.budget.left == held.size


async def test_an_object_that_fails_returns_all_that_it_held() -> None:
    held = Held(MIB)
    share = held.budget.share()
    window: Window[bytes] = Window(4, share)

    def full(_: bytes) -> None:
        raise OSError("no space")

    async with client_of(large) as client, asyncio.timeout(60):
        for _ in range(3):
            with pytest.raises(OSError, match="no space"):
                await window.run(iter([b"x"] * 20), lambda payload: _body(client, payload), full)
            assert held.budget.left == held.size
        assert await run_object(share, client, 10, window, held) == 10 * ANSWER


async def _body(client: HttpClient, payload: bytes) -> bytes:
    return (await client.request("POST", "/invocations", {}, payload, 30)).body


async def test_a_job_of_endless_concurrency_leaves_connections_to_others() -> None:
    held = Held(10**9)
    share = held.budget.share()
    window: Window[bytes] = Window(10**6, share)
    waiting: list[asyncio.Future[bytes]] = []

    async def send(_: bytes) -> bytes:
        waiting.append(asyncio.get_running_loop().create_future())
        return await waiting[-1]

    running = asyncio.create_task(window.run(iter([b"x"] * 10_000), send, lambda _: None))
    async with asyncio.timeout(60):
        while not share.is_over:
            await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)  # Turns in which it could send more.
        assert len(waiting) <= MOST_REQUESTS // 2 + 1
        while not running.done():
            for answer in waiting:
                if not answer.done():
                    answer.set_result(b"x")
            await asyncio.sleep(0)
    await running
    assert held.budget.left == held.size


async def test_an_answer_about_the_server_itself_is_small() -> None:
    serve: Serve = large
    async with client_of(serve) as client:
        with pytest.raises(Exception, match="the answer has more than 1000 bytes"):
            await client.request("POST", "/ping", {}, b"", 5, 1000)


def test_the_budget_is_set_in_megabytes_and_else_a_part_of_the_machine() -> None:
    assert Limits(in_flight_mb=3).in_flight == 3 * MIB
    assert 0 < Limits().in_flight <= 1024 * MIB
