"""Signed requests over one connection, and answers as they came."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from engine.wire import cbor
from tests.support.conformance.encoding import SIGNED_AS, Message
from tests.support.engine import REGION, EngineProcess

#: Seconds without an answer after which the engine is summary to hang.
PATIENCE = 20.0

_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in lower case. `fault` says in words why there is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: str = ""

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of an error, in whatever protocol it came; empty texts if the body has none."""
        kind = self.headers.get("content-type", "")
        if "cbor" in kind or "json" in kind:
            try:
                document = cbor.loads(self.body) if "cbor" in kind else json.loads(self.body)
            except ValueError:
                return "", ""
            code = str(document.get("__type") or self.headers.get("x-amzn-errortype", ""))
            return code.rpartition("#")[2], str(document.get("message") or document.get("Message") or "")
        text = self.body.decode(errors="replace")
        code_match, message_match = _CODE.search(text), _MESSAGE.search(text)
        return (code_match[1] if code_match else ""), (unescape(message_match[1]) if message_match else "")


class Sender:
    """Signs with the engine's keys and sends over one connection, which it opens anew after a fault."""

    def __init__(self, engine: EngineProcess) -> None:
        self._port = engine.port
        self._keys = Credentials(engine.access_key, engine.secret_key)
        self._connection: http.client.HTTPConnection | None = None

    def send(self, service: str, message: Message) -> Answer:
        """The answer. A connection that ends, and an engine that hangs, are answers with a `fault`."""
        headers = self._signed(service, message)
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            self._connection.request(message.method, message.target, message.body, headers)
            response = self._connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer(0, {}, b"", f"no answer: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _signed(self, service: str, message: Message) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._port}{message.target}"
        request = AWSRequest(message.method, url, dict(message.headers), message.body)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(self._keys, SIGNED_AS.get(service, service), REGION).add_auth(request)
        return dict(request.headers.items())
