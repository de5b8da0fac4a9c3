"""The client of the hot path, against servers that answer in every way HTTP/1.1 allows, and some it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from engine.runner.http_client import AnswerTooLarge, HttpClient, NoAnswer

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def client_of(serve: Serve, largest_answer: int = 10**9) -> AsyncIterator[HttpClient]:
    """A client of a server that handles each connection with `serve`."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    client = HttpClient(*server.sockets[0].getsockname(), largest_answer)
    try:
        yield client
    finally:
        client.close()
        server.close()


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" in head:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return head, body
    length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


def answering(*answers: bytes) -> Serve:
    """Each request gets the next of the answers; then the connection closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_request(reader)
            writer.write(answer)
            await writer.drain()

    return serve


async def post(client: HttpClient, body: bytes = b"x", seconds: float = 5) -> tuple[int, bytes]:
    answer = await client.request("POST", "/invocations", {}, body, seconds)
    return answer.status, answer.body


async def test_a_request_is_sent_as_asked() -> None:
    requests = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await read_request(reader))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nok")

    async with client_of(serve) as client:
        answer = await client.request("POST", "/invocations", {"Accept": "text/csv"}, b"body", 5)
    head, body = requests[0]
    assert head.startswith(b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAccept: text/csv\r\n" in head
    assert body == b"body"
    assert (answer.status, answer.body, answer.headers["content-type"]) == (201, b"ok", "text/csv")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"a"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
    ids=["length", "empty", "chunks", "close", "http 1.0", "continue", "no content"],
)
async def test_an_answer_is_read_whole_however_it_is_framed(answer: bytes, body: bytes) -> None:
    async with client_of(answering(answer)) as client:
        status, read = await post(client)
    assert (status // 100, read) == (2, body)


async def test_a_large_body_and_answer_arrive_whole() -> None:
    large = bytes(range(256)) * 40_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    async with client_of(serve) as client:
        assert await post(client, large) == (200, large)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def counting(serve: Serve) -> tuple[Serve, list[int]]:
    """The server, and a list that grows by one for each connection made to it."""
    connections: list[int] = []

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await serve(reader, writer)

    return counted, connections


async def test_a_connection_is_used_again() -> None:
    serve, connections = counting(answering(OK, OK, OK))
    async with client_of(serve) as client:
        for _ in range(3):
            assert await post(client) == (200, b"ok")
    assert len(connections) == 1


async def test_a_connection_that_the_server_wants_closed_is_not_used_again() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    serve, connections = counting(answering(closing, OK))
    async with client_of(serve) as client:
        await post(client)
        await post(client)
    assert len(connections) == 2


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    serve, connections = counting(answering(OK))
    async with client_of(serve) as client:
        for _ in range(4):
            assert await post(client) == (200, b"ok")
    assert len(connections) == 4


async def test_a_connection_whose_server_says_more_than_one_answer_is_not_used_again() -> None:
    serve, connections = counting(answering(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", OK))
    async with client_of(serve) as client:
        assert await post(client) == (200, b"ok")
        assert await post(client) == (200, b"ok")
    assert len(connections) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=["nothing", "less than its length", "less than a chunk", "half a head", "not HTTP"],
)
async def test_what_is_not_a_whole_answer_is_none(answer: bytes) -> None:
    async with client_of(answering(answer)) as client:
        with pytest.raises(NoAnswer):
            await post(client)


async def test_a_server_that_is_not_there_gives_no_answer() -> None:
    async with client_of(answering(OK)) as client:
        pass
    with pytest.raises(NoAnswer, match="cannot connect"):
        await post(client)


async def test_a_late_answer_is_not_waited_for_and_not_taken_for_the_next() -> None:
    late = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        if body == b"slow":
            await late.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with client_of(serve) as client:
        with pytest.raises(TimeoutError):
            await post(client, b"slow", 0.05)
        late.set()
        assert await post(client, b"next") == (200, b"next")


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked", b"Connection: close"]
)
async def test_an_answer_over_the_limit_is_not_read_on(head: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        piece = b"a" * 1000
        for _ in range(1000):
            writer.write(b"3e8\r\n" + piece + b"\r\n" if b"chunked" in head else piece)
            await writer.drain()

    async with client_of(serve, largest_answer=10_000) as client:
        with pytest.raises(AnswerTooLarge, match="more than 10000 bytes"):
            await post(client)


async def test_a_streamed_body_goes_out_in_chunks_and_is_made_anew_for_another_try() -> None:
    started_bodies = []

    def body() -> Iterator[bytes]:
        started_bodies.append(1)
        for number in range(100):
            yield b"%05d" % number * 2000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            _, got = await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%08d" % len(got))
            if len(got) < 100:
                return  # Closes the connection, which the client has kept.

    async with client_of(serve) as client:
        assert await post(client) == (200, b"00000001")
        answer = await client.request("POST", "/invocations", {}, body, 5)
    assert answer.body == b"01000000"
    assert len(started_bodies) <= 2


async def test_a_streamed_body_stops_when_the_server_has_answered() -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield bytes(100_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()
        await reader.read()

    async with client_of(serve) as client:
        answer = await client.request("POST", "/invocations", {}, body, 5)
    assert (answer.status, answer.body) == (413, b"big")
    assert sent < 10_000


async def test_an_error_of_the_body_is_the_callers() -> None:
    def body() -> Iterator[bytes]:
        yield b"a"
        raise LookupError("gone")

    async with client_of(answering(OK)) as client:
        with pytest.raises(LookupError, match="gone"):
            await client.request("POST", "/invocations", {}, body, 5)


async def test_many_requests_at_once_get_their_own_answers() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, body = await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with client_of(serve) as client:
        bodies = [b"%d" % number for number in range(500)]
        answers = await asyncio.gather(*(post(client, body) for body in bodies))
    assert [body for _, body in answers] == bodies


async def test_interim_answers_without_end_are_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        while True:
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
            await writer.drain()

    async with client_of(serve) as client:
        with pytest.raises(NoAnswer, match="interim answers without end"):
            await client.request("POST", "/", {}, b"x", 30)


@pytest.mark.parametrize("trailers", [False, True], ids=["headers", "trailers"])
async def test_headers_without_end_are_given_up_long_before_they_fill_the_memory(trailers: bool) -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        if trailers:
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        while True:
            lines = b"".join(b"%x:\r\n" % number for number in range(sent, sent + 1000))
            sent += 1000
            writer.write(lines)
            await writer.drain()

    async with client_of(serve) as client:
        with pytest.raises(AnswerTooLarge, match="headers without end"):
            await post(client)
    assert sent < 2_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Content-Length: 99999999999999999999999",
        b"Transfer-Encoding: xchunked",
    ],
)
async def test_an_answer_with_two_lengths_or_none_that_can_be_read_is_none(head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with client_of(answering(answer)) as client:
        with pytest.raises(NoAnswer):
            await post(client)


async def test_a_server_that_would_speak_another_protocol_has_not_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc"
    async with client_of(answering(answer)) as client:
        with pytest.raises(NoAnswer, match="not HTTP"):
            await post(client)
    assert not caplog.records


async def test_an_answer_of_a_byte_at_a_time_ends_at_the_timeout() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0)

    async with client_of(serve) as client:
        with pytest.raises(TimeoutError):
            await post(client, seconds=0.2)


async def test_an_answer_that_is_mostly_chunk_heads_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"2;" + b"x" * 50 + b"\r\nxy\r\n")
            await writer.drain()

    async with client_of(serve, largest_answer=500_000) as client:
        with pytest.raises(AnswerTooLarge, match="takes far more than 500000 bytes to send"):
            await client.request("POST", "/", {}, b"x", 60)
