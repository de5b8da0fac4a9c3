"""The S3 servers that bench/s3_store.py compares, and a client that costs little time itself."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.engine import REGION

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")

Signed = tuple[str, str, dict[str, str], bytes]


class Server(Protocol):
    """A process that answers S3 at a port of this machine."""

    port: int

    @property
    def pid(self) -> int:
        """The process id."""


class Client:
    """Requests to one server over one connection. Signing is done ahead: it would take longer than the answer."""

    def __init__(self, server: Server, credentials: Credentials) -> None:
        self._server = server
        self._credentials = credentials
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)

    def sign(self, method: str, target: str, body: bytes = b"") -> Signed:
        """A request ready to be sent. A body that is not given here is not signed either."""
        request = AWSRequest(method, f"http://127.0.0.1:{self._server.port}{target}", {}, body)
        S3SigV4Auth(self._credentials, "s3", REGION).add_auth(request)
        return method, target, dict(request.headers.items()), body

    def reconnect(self) -> None:
        """Open a new connection for the next request: servers close one that was quiet for a minute."""
        self._connection.close()

    def send(self, request: Signed) -> bytes:
        """The answer's body."""
        method, target, headers, body = request
        self._connection.request(method, target, body or None, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        assert answer.status == 200, (answer.status, data[:300])
        return data

    def send_by(self, connections: int, requests: Sequence[Signed]) -> None:
        """Send the requests over so many connections at once, each one after another."""
        with ThreadPoolExecutor(connections) as threads:
            shares = [requests[first::connections] for first in range(connections)]
            list(threads.map(self._send_by_one, shares))

    def _send_by_one(self, requests: Sequence[Signed]) -> None:
        with socket.create_connection(("127.0.0.1", self._server.port), timeout=600) as connection:
            for request in requests:
                connection.sendall(_bytes(request, self._server.port))
                head, _, body = _received(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
                assert b" 200 " in head.partition(b"\r\n")[0] + b" ", head
                length_match = _LENGTH.search(head)
                assert length_match is not None, head
                missing = int(length_match[1]) - len(body)
                while missing > 0:
                    missing -= len(connection.recv(65536))

    def upload(self, target: str, blocks: Iterable[bytes], size: int) -> None:
        """PUT a body block by block."""
        url = f"http://127.0.0.1:{self._server.port}{target}"
        request = AWSRequest("PUT", url, {"Content-Length": str(size)})
        _Unsigned(self._credentials, "s3", REGION).add_auth(request)
        self._connection.request("PUT", target, blocks, dict(request.headers.items()))
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    def download(self, target: str) -> int:
        """GET a body and drop it; returns its size in bytes."""
        method, _, headers, _ = self.sign("GET", target)
        self._connection.request(method, target, None, headers)
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.status
        return sum(map(len, _blocks(answer)))


def _bytes(request: Signed, port: int) -> bytes:
    method, target, headers, body = request
    fields = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), **headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _received(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        piece = connection.recv(65536)
        assert piece, data
        data += piece
    return data


class _Unsigned(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while block := answer.read(1024 * 1024):
        yield block


def peak_megabytes(server: Server) -> int:
    """A server's peak resident memory since `forget_peak`, in MiB (Linux)."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) // 1024


def forget_peak(server: Server) -> None:
    """Count the peak from now on."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
