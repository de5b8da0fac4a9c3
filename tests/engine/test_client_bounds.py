"""No client can take more of the engine than its part, signed or not."""

from __future__ import annotations

import contextlib
import json
import resource
import select
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import EngineProcess
from tests.support.sockets import HALF_A_BODY, HALF_A_HEAD, answer_on, exchange, held, is_closed

#: Generous, for a busy machine; without bounds there was no answer in ten minutes.
PATIENCE = 20.0


@pytest.fixture(scope="module")
def small_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine of its own, which no other test of the run waits for."""
    process = EngineProcess(tmp_path_factory.mktemp("bounds")).start()
    yield process
    process.stop()


def is_healthy(engine: EngineProcess) -> bool:
    with urllib.request.urlopen(f"{engine.url}/_engine/health", timeout=PATIENCE) as answer:
        return answer.status == 200


def memory(engine: EngineProcess) -> int:
    """Bytes of the process in memory."""
    pages = int(Path(f"/proc/{engine.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_a_header_of_100_mb_is_refused_and_costs_no_memory(small_engine: EngineProcess) -> None:
    before = memory(small_engine)
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
    with socket.create_connection(("127.0.0.1", small_engine.port), timeout=PATIENCE) as connection:
        connection.sendall(head)
        # The engine need not read to the end.
        with contextlib.suppress(OSError):
            for _ in range(1600):
                connection.sendall(b"a" * 65536)
        assert is_healthy(small_engine)
    assert memory(small_engine) - before < 32 * 1024**2


def test_a_head_that_is_too_large_is_a_431_in_s3s_shape(small_engine: EngineProcess) -> None:
    fields = b"".join(b"x-amz-meta-%d: %s\r\n" % (number, b"v" * 1000) for number in range(40))
    answer = exchange(small_engine.port, b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\n", fields)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in answer
    assert b"<Code>RequestHeaderSectionTooLarge</Code>" in answer


def test_a_head_that_is_too_large_is_a_431_in_jsons_shape_for_sagemaker(small_engine: EngineProcess) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: SageMaker.CreateModel\r\nX: " + b"a" * 40000
    answer = exchange(small_engine.port, head, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["__type"] == "RequestHeaderSectionTooLarge"


def test_an_address_that_is_too_long_is_a_414(small_engine: EngineProcess) -> None:
    answer = exchange(small_engine.port, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"<Code>URITooLong</Code>" in answer


@pytest.mark.parametrize("start", [b"1;extension=", b"0\r\nTrailer: "], ids=["extension", "trailer"])
def test_what_is_beside_a_chunked_body_is_bounded_too(small_engine: EngineProcess, start: bytes) -> None:
    head = b"PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", small_engine.port), timeout=PATIENCE) as connection:
        connection.sendall(head + start)
        with contextlib.suppress(OSError):
            # In more than one read of the server, whatever its size is.
            for _ in range(64):
                connection.sendall(b"a" * 65536)
        assert answer_on(connection) == b""
    assert is_healthy(small_engine)


def test_a_long_body_in_small_chunks_is_within_bounds(small_engine: EngineProcess) -> None:
    s3 = small_engine.client("s3")
    s3.create_bucket(Bucket="chunks")
    url = s3.generate_presigned_url("put_object", {"Bucket": "chunks", "Key": "k"})
    target = url.removeprefix(small_engine.url).encode()
    head = b"PUT " + target + b" HTTP/1.1\r\nHost: " + small_engine.url.removeprefix("http://").encode()
    chunked = b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n"
    answer = exchange(
        small_engine.port,
        head + b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        chunked,
    )
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert s3.head_object(Bucket="chunks", Key="k")["ContentLength"] == 50_000


@pytest.mark.parametrize(
    ("number", "sent"), [(1000, b""), (1000, HALF_A_HEAD), (200, HALF_A_BODY)], ids=["idle", "head", "body"]
)
def test_clients_that_fall_silent_hold_up_nobody(
    small_engine: EngineProcess, number: int, sent: bytes
) -> None:
    with held(small_engine.port, number, sent):
        assert is_healthy(small_engine)
        assert small_engine.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_head_that_does_not_come_is_given_up(small_engine: EngineProcess) -> None:
    with held(small_engine.port, 1) as (silent,), held(small_engine.port, 1, HALF_A_HEAD) as (slow,):
        for connection in (silent, slow):
            connection.settimeout(90)
        assert b"408" in answer_on(slow)
        assert is_closed(silent)


def test_more_connections_than_the_engine_has_files_for_push_out_the_silent(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "engine").start()
    try:
        resource.prlimit(engine.pid, resource.RLIMIT_NOFILE, (256, 256))
        with held(engine.port, 400) as connections:
            assert is_healthy(engine)
            connections[0].settimeout(PATIENCE)
            assert is_closed(connections[0])
    finally:
        engine.stop()


def test_requests_sent_far_ahead_of_their_answers_end_the_connection(small_engine: EngineProcess) -> None:
    request = b"GET /_engine/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = exchange(small_engine.port, request * 1000)
    assert answer.count(b"HTTP/1.1 200 ") < 1000
    assert is_healthy(small_engine)


def test_a_question_about_thousands_of_images_lets_others_have_their_turn(
    small_engine: EngineProcess,
) -> None:
    images = [f"registry.example/sagemaker-scikit-learn:{number}-{'x' * 60}" for number in range(9000)]
    body = json.dumps({"images": images}).encode()
    head = b"POST /_engine/abilities HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", small_engine.port), timeout=PATIENCE) as connection:
        connection.sendall(head + body)
        assert is_healthy(small_engine)
        is_answered, _, _ = select.select([connection], [], [], 0)
        assert not is_answered
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_a_question_about_images_takes_a_list(small_engine: EngineProcess) -> None:
    body = json.dumps({"images": "image" * 1000}).encode()
    head = b"POST /_engine/abilities HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert exchange(small_engine.port, head, length + body).startswith(b"HTTP/1.1 400 ")
