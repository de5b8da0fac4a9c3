"""The program `serve` of the tests' images: it answers each record with the model's word and does what some ask for.

`environment` answers its variables, `status` its rights, `read PATH`, `write PATH` and `connect HOST` what became of
it; `take 300` holds so many MB of memory, `fill 100` so many MB of files, `print text` prints, `end` ends it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = Path("/opt/ml/model/word")


def read(path: str) -> str:
    return Path(path).read_text().strip()


def write(path: str) -> str:
    Path(path).write_text("written")
    return "written"


def connect(host: str) -> str:
    socket.create_connection((host, 80), timeout=10).close()
    return "connected"


def status(_: str) -> str:
    rows = [line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines()]
    return json.dumps({row[0]: row[-1] for row in rows})


def take(megabytes: str) -> str:
    held = bytearray(os.urandom(1024) * 1024 * int(megabytes))
    time.sleep(300)
    return str(len(held))


def fill(megabytes: str) -> str:
    Path("/var/tmp/filled").write_bytes(bytes(int(megabytes) * 1024**2))
    time.sleep(300)
    return "filled"


def say(text: str) -> str:
    print(text, flush=True)
    return text


def end(_: str) -> str:
    os._exit(3)


ORDERS = {
    "environment": lambda _: json.dumps(dict(os.environ)),
    "read": read,
    "write": write,
    "connect": connect,
    "status": status,
    "take": take,
    "fill": fill,
    "print": say,
    "end": end,
    "sleep": lambda _: str(time.sleep(600)),
}


def answer(record: str) -> str:
    order, _, words = record.partition(" ")
    if order not in ORDERS:
        return f"{MODEL.read_text().strip()} {record}"
    try:
        return ORDERS[order](words)
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        offer = json.dumps(
            {"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
        )
        text = {"/ping": "", "/execution-parameters": offer}.get(self.path)
        self.reply(404 if text is None else 200, text or "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(f"got {body.splitlines()[0]}", flush=True)
        self.reply(200, "\n".join(answer(record) for record in body.splitlines()))

    def reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    print("started as", Path(sys.argv[0]).name, *sys.argv[1:], flush=True)
    # The first process of a container ignores the signal otherwise.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if "END_AT_START" in os.environ:
        sys.exit("no licence for this model")
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
