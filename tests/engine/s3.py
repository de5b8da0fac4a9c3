"""What the S3 tests need again and again: a bucket of one's own, refusals, requests no SDK would send."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.engine.resources import unique
from tests.support.engine import REGION, EngineProcess


def new_bucket(engine: EngineProcess) -> str:
    """An empty bucket no other test knows."""
    bucket = unique("bucket")
    engine.client("s3").create_bucket(Bucket=bucket)
    return bucket


@contextmanager
def refused(status: int, code: str | None = None) -> Iterator[Any]:
    """Expect an S3 error of that status and code (HEAD has no code but the status)."""
    with pytest.raises(ClientError) as caught:
        yield caught
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["Error"]["Code"] == (code or str(status))


class _Signer(S3SigV4Auth):
    """Signs the payload hash that the caller has given, which botocore would put its own in place of."""

    def payload(self, request: Any) -> str:
        return self._given or str(super().payload(request))

    def _modify_request_before_signing(self, request: Any) -> None:
        self._given = request.headers.get("X-Amz-Content-SHA256")
        super()._modify_request_before_signing(request)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    engine: EngineProcess,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """One HTTP request just as given: the path and query are not touched, nothing is signed."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    try:
        connection.request(method, target, body or None, dict(headers or {}))
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


def signed(
    engine: EngineProcess,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    host: str | None = None,
    service: str = "s3",
) -> dict[str, str]:
    """The headers of a request signed with the engine's keys by botocore, for `send`."""
    url = f"http://{host or f'127.0.0.1:{engine.port}'}{target}"
    request = AWSRequest(method, url, dict(headers or {}), body)
    keys = Credentials(engine.access_key, engine.secret_key)
    signer = _Signer if service == "s3" else SigV4Auth
    signer(keys, service, REGION).add_auth(request)
    return {"Host": urlsplit(url).netloc, **dict(request.headers.items())}


def call(
    engine: EngineProcess,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """A signed request, sent as it is."""
    return send(engine, method, target, signed(engine, method, target, headers, body), body)
