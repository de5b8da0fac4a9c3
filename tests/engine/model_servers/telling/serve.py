"""A model server whose answer is a line about the request's body: its length and SHA-256.

With FRAMING=TFRecord it reads the body as TFRecord and answers a line for each record.
"""

from __future__ import annotations

import hashlib
import os
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def records(body: bytes) -> list[bytes]:
    """The records of a request, as an inference script reads TFRecord."""
    if os.environ.get("FRAMING") != "TFRecord":
        return [body]
    contents, at = [], 0
    while at < len(body):
        (length,) = struct.unpack_from("<Q", body, at)
        contents.append(body[at + 12 : at + 12 + length])
        at += 12 + length + 4
    return contents


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        contents = records(self.rfile.read(int(self.headers["Content-Length"])))
        lines = [f"{len(record)} {hashlib.sha256(record).hexdigest()}\n" for record in contents]
        self.answer(200, "".join(lines).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    address = ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    ThreadingHTTPServer(address, Handler).serve_forever()
