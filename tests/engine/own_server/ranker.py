"""A model server such as a team has in its own image: it ranks words by the weights of its model.

Of a record it answers the words, the heaviest first. `read PATH` and `connect PORT` answer what became of it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WEIGHTS: dict[str, int] = json.loads(Path(os.environ["SAGEMAKER_MODEL_DIR"], "weights.json").read_text())


def outcome_of_reading(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        return type(error).__name__


def outcome_of_connecting(port: str) -> str:
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
    except OSError as error:
        return type(error).__name__
    return "connected"


def answer(record: str) -> str:
    order, _, word = record.partition(" ")
    if order == "read":
        return outcome_of_reading(word)
    if order == "connect":
        return outcome_of_connecting(word)
    return " ".join(sorted(record.split(), key=lambda word: -WEIGHTS.get(word, 0)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply(200 if self.path == "/ping" else 404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.reply(200, "".join(f"{answer(record)}\n" for record in body.splitlines()))

    def reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    print("started with", *sys.argv[1:], flush=True)
    address = ("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    ThreadingHTTPServer(address, Handler).serve_forever()
