"""Whether an answer to an odd request is one that AWS could give: its status, and its error in the protocol's form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

from engine.wire import cbor
from tests.support.conformance.sending import Answer

#: S3 writes characters that XML 1.0 cannot hold as numbers.
_NUMBERS = re.compile(rb"&#(?:[0-8]|1[1-9]|2\d|3[01]);")


def check_answer(protocol: str, answer: Answer, method: str = "POST") -> None:
    """Raises AssertionError if the answer is a failure of the engine, or an error in no form of the protocol."""
    assert answer.status < 500 or answer.status == 501, answer
    assert answer.status < 400 or answer.headers.get("content-type") is not None or method == "HEAD", answer
    if b"The request is not valid HTTP." in answer.body:
        # Of such a request nobody knows the protocol.
        protocol = "rest-xml"
    if answer.status >= 400 and method != "HEAD":
        code, message = _READERS[protocol](answer)
        assert code.replace(".", "").isalnum(), answer
        assert answer.status != 501 or code in ("NotImplemented", "NotImplementedException"), answer
        assert isinstance(message, str), answer


def _read_s3(answer: Answer) -> tuple[str, str]:
    assert answer.headers["content-type"] == "application/xml", answer
    root = _xml(answer)
    assert root.tag == "Error", answer
    assert root.findtext("RequestId") == answer.headers["x-amz-request-id"], answer
    return _text(root, "Code"), _text(root, "Message")


def _read_query(answer: Answer) -> tuple[str, str]:
    assert answer.headers["content-type"] == "text/xml", answer
    root = _xml(answer)
    assert root.tag.rpartition("}")[2] == "ErrorResponse", answer
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    assert _text(root, "Error/Type") in ("Sender", "Receiver"), answer
    assert _text(root, "RequestId"), answer
    return _text(root, "Error/Code"), _text(root, "Error/Message")


def _read_json(answer: Answer) -> tuple[str, str]:
    assert answer.headers["content-type"] == "application/x-amz-json-1.1", answer
    document = json.loads(answer.body)
    return document["__type"], document["message"]


def _read_cbor(answer: Answer) -> tuple[str, str]:
    assert answer.headers["content-type"] == "application/cbor", answer
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor", answer
    document = cbor.loads(answer.body)
    return document["__type"], document["message"]


def _read_rest_json(answer: Answer) -> tuple[str, str]:
    assert answer.headers["content-type"] == "application/json", answer
    return answer.headers["x-amzn-errortype"], json.loads(answer.body)["Message"]


def _xml(answer: Answer) -> ElementTree.Element:
    return ElementTree.fromstring(_NUMBERS.sub(b"", answer.body))


def _text(root: ElementTree.Element, path: str) -> str:
    text = root.findtext(path)
    assert text is not None, path
    return text


_READERS: dict[str, Callable[[Answer], tuple[str, str]]] = {
    "rest-xml": _read_s3,
    "query": _read_query,
    "json": _read_json,
    "smithy-rpc-v2-cbor": _read_cbor,
    "rest-json": _read_rest_json,
}
