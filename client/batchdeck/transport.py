"""HTTP: one connection pool to one server, with repeated requests and the errors of the API."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from batchdeck.errors import ProfileError, Unreachable, error_of
from batchdeck.version import VERSION

API = "/api/v1/"
#: Times a request is sent again, and the longest wait in seconds that a server may ask for.
RETRIES, LONGEST_WAIT = 4, 60
_PASSING = frozenset({408, 429, 502, 503, 504})

Query = Mapping[str, Any]


class _Retry(Retry):
    """Also waits for a request with the same key that is still in progress: 409 with Retry-After."""

    RETRY_AFTER_STATUS_CODES = frozenset({409, 429, 503})


class Transport:
    """Requests to one server with one token. It may be used from several threads."""

    def __init__(self, url: str, token: str, *, timeout: float = 60.0, retries: int = RETRIES) -> None:
        """`url` is the server's address without /api/v1/. Raises ProfileError if it is not http or https."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ProfileError(f"The address {url!r} must begin with http:// or https://.")
        self.url = url.rstrip("/")
        self._root = self.url.removesuffix("/api/v1")
        self._headers = {"User-Agent": f"batchdeck/{VERSION}", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = Timeout(connect=min(timeout, 10.0), read=timeout)
        self._retries = retries
        self._pool = _pool(self._root)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        key: str | None = None,
    ) -> Any:
        """The JSON of an answer; None without a body. Each POST has an Idempotency-Key: `key`, or a new one.

        Raises ApiError and Unreachable.
        """
        headers: dict[str, str] = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        data = None if body is None else json.dumps(body).encode()
        answer = self._send(method, self._address(path, query), headers, data)
        return self._json(answer)

    def pages(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """Each answer of a list with `next`, until there is none."""
        answer = self.call("GET", path, query=query)
        yield answer
        while following := answer.get("next"):
            # Of the address only path and query count: the token goes to no other host.
            parts = urlsplit(following)
            _, _, path_in_api = parts.path.partition(API)
            answer = self.call("GET", path_in_api, query=dict(parse_qsl(parts.query)))
            yield answer

    def open(
        self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> BaseHTTPResponse:
        """An answer whose body is read in pieces; the caller closes it. Raises ApiError and Unreachable.

        A redirect to another host is followed without the token.
        """
        # A compressed body has other ranges than the object.
        more = {"Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}
        answer = self._send("GET", self._address(path, query), more, None, preload_content=False)
        if answer.status >= 400:
            self._json(answer)
        return answer

    def _address(self, path: str, query: Query | None) -> str:
        words = {name: _word(value) for name, value in (query or {}).items() if value not in (None, "")}
        return f"{self._root}{API}{path}" + (f"?{urlencode(words)}" if words else "")

    def _send(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        data: Any,
        *,
        preload_content: bool = True,
    ) -> BaseHTTPResponse:
        try:
            return self._pool.request(
                method,
                address,
                body=data,
                headers={**self._headers, **headers},
                timeout=self._timeout,
                retries=self._retry(method, headers),
                preload_content=preload_content,
            )
        except HTTPError as error:
            raise Unreachable(f"{_host(address)} does not answer: {_reason(error)}.") from error

    def put(self, path: str, data: bytes, query: Query | None = None) -> Any:
        """Send bytes; the JSON of the answer, or None without a body. Raises ApiError and Unreachable."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json(self._send("PUT", self._address(path, query), headers, data))

    def _retry(self, method: str, headers: Mapping[str, str]) -> Retry:
        repeatable = method in ("GET", "PUT") or "Idempotency-Key" in headers
        return _Retry(
            total=self._retries if repeatable else 0,
            redirect=5,
            status_forcelist=_PASSING if repeatable else (),
            allowed_methods=None,
            backoff_factor=0.5,
            backoff_jitter=0.5,
            raise_on_status=False,
            retry_after_max=LONGEST_WAIT,
        )

    def _json(self, answer: BaseHTTPResponse) -> Any:
        data = answer.data
        if answer.status < 400 and not data:
            return None
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if answer.status >= 400:
            raise error_of(answer.status, body, (answer.url or "").partition(API)[2])
        if body is None:
            raise Unreachable(f"{self.url} did not answer with JSON. Is it the address of a Batchdeck?")
        return body


def _pool(url: str) -> urllib3.PoolManager:
    """A pool, through the proxy of the environment if there is one; OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, maxsize=16)
    return urllib3.PoolManager(maxsize=16)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _reason(error: Exception) -> str:
    """The innermost reason in a few words, without addresses that may hold a signature."""
    reason: Any = error
    while isinstance(inner := getattr(reason, "reason", None) or reason.__cause__, Exception):
        reason = inner
    text = (
        os.strerror(reason.errno) if isinstance(reason, OSError) and reason.errno else type(reason).__name__
    )
    return text[:200]
