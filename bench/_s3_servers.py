"""The S3 servers that bench/s3_store.py compares, and a client that costs little time itself."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.engine import REGION

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

    def send(self, request: Signed) -> bytes:
        """The answer's body."""
        method, target, headers, body = request
        self._connection.request(method, target, body or None, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        assert answer.status == 200, (answer.status, data[:300])
        return data

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
