"""A client that sends any bytes, signs any address, and looks whether its connection still answers."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import io
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

from tests.support.conformance.sending import Answer
from tests.support.engine import REGION, EngineProcess

#: Seconds without an answer after which the engine is taken to hang.
PATIENCE = 30.0

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
HEALTH = b"GET /_engine/health HTTP/1.1\r\nHost: engine\r\n\r\n"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent. Texts are Latin-1: each character is one byte. A body has its length before it, unless
    `headers` say how it is framed."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def with_headers(self, pairs: Pairs) -> Request:
        """The request with more header fields behind its own."""
        return replace(self, headers=(*self.headers, *pairs))

    def bytes(self) -> bytes:
        """What is sent."""
        fields = list(self.headers)
        names = {name.lower() for name, _ in fields}
        if not names & {"content-length", "transfer-encoding"} and (
            self.body or self.method in ("PUT", "POST")
        ):
            fields.append(("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in fields),
            "",
            "",
        ]
        return "\r\n".join(lines).encode("latin-1") + self.body


class Signer:
    """Signs with an engine's keys, in the canonical form of AWS, whatever the address has."""

    def __init__(self, engine: EngineProcess) -> None:
        self.key_id = engine.access_key
        self._secret = engine.secret_key
        self.host = f"127.0.0.1:{engine.port}"

    def sign(self, service: str, request: Request, payload: str | None = None) -> Request:
        """The request with host, time and Authorization. `payload` is what stands for the body in S3's signature."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = payload or hashlib.sha256(request.body).hexdigest()
        headers = [("Host", self.host), ("X-Amz-Date", now)]
        if service == "s3":
            headers.append(("X-Amz-Content-SHA256", digest))
        request = replace(request, headers=(*headers, *request.headers))
        values = _joined(request.headers)
        names = sorted(name for name in values if name == "host" or name.startswith("x-amz-"))
        canonical = "\n".join(
            (
                request.method,
                *_canonical_address(service, request.target),
                "".join(f"{name}:{' '.join(values[name].split())}\n" for name in names),
                ";".join(names),
                digest,
            )
        )
        scope = f"{now[:8]}/{REGION}/{service}/aws4_request"
        to_sign = "\n".join((ALGORITHM, now, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = b"AWS4" + self._secret.encode()
        for part in (now[:8], REGION, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"Credential={self.key_id}/{scope}, SignedHeaders={';'.join(names)}"
        return request.with_headers([("Authorization", f"{ALGORITHM} {credential}, Signature={signature}")])


def _joined(headers: Pairs) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in headers:
        # As servers read a field: without the blanks around it, and several of a name as one.
        text = value.strip(" \t")
        values[name.lower()] = f"{values[name.lower()]},{text}" if name.lower() in values else text
    return values


def _canonical_address(service: str, target: str) -> tuple[str, str]:
    path, _, query = target.partition("?")
    path = unquote_to_bytes(path).decode(errors="replace") if service == "s3" else path
    pairs = sorted(
        (_requoted(name), _requoted(value))
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    return quote(path, safe="/-_.~") or "/", "&".join(f"{name}={value}" for name, value in pairs)


def _requoted(text: str) -> str:
    return quote(unquote_to_bytes(text).decode(errors="replace"), safe="-_.~")


class Connections:
    """Sends to one engine over one connection, and opens another when the engine has closed it."""

    def __init__(self, engine: EngineProcess) -> None:
        self._port = engine.port
        self._socket: socket.socket | None = None

    def exchange(self, data: bytes, method: str) -> Answer:
        """The answer to a whole request, after which the same connection has to answer another one.

        Raises AssertionError if no answer comes, or none to the next request.
        """
        answer = self._answer(data, method)
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        following = self._answer(HEALTH, "GET")
        assert following.status == 200, (answer, following)
        return answer

    def end(self, data: bytes) -> bytes:
        """All that comes back for bytes behind which this side ends, on a connection of their own."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            came = b"".join(_pieces(connection))
        following = self._answer(HEALTH, "GET")
        assert following.status == 200, (came, following)
        return came

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, data: bytes, method: str) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        try:
            self._socket.sendall(data)
            return _read(http.client.HTTPResponse(self._socket, method=method))
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise AssertionError(f"no answer: {type(error).__name__}: {error}") from error


def answers_in(data: bytes) -> list[Answer]:
    """The answers that a connection has given until its end; one that is cut off counts if its head is whole."""
    answers = []
    file = io.BytesIO(data)
    while file.tell() < len(data):
        response = http.client.HTTPResponse(_File(file))  # type: ignore[arg-type]  # it wants makefile alone
        answers.append(_read(response))
    return answers


class _File:
    """What HTTPResponse needs of a socket."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, _mode: str) -> _Unclosed:
        return _Unclosed(self._file)


class _Unclosed(io.BufferedIOBase):
    """A file that stays open for the next answer."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(size)

    def readinto(self, buffer: object) -> int:
        return self._file.readinto(buffer)  # type: ignore[arg-type]  # a buffer, which has no name before 3.12

    def readline(self, size: int | None = -1) -> bytes:
        return self._file.readline(size)


def _read(response: http.client.HTTPResponse) -> Answer:
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def _pieces(connection: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            yield piece
