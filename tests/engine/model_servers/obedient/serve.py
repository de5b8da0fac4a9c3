"""A model server that does what the job's environment and its records tell it to.

Each line of a request is answered by itself, in capitals, with the variable SUFFIX behind it. A line that is a
word of ORDERS is obeyed instead, `answer 415 text` is answered so, `count 100` prints so many numbered lines,
`print "text"` a text written as JSON, `write 5` writes 5 MB again and again, `take 5` holds memory in 5 processes,
`hoard queues` holds memory that no process shows, and one that is LEAVE_OUT has no answer. It prints
what it gets, so that tests can read it in the job's log.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DELAY = float(os.environ.get("DELAY", "0"))
LEAVE_OUT = os.environ.get("LEAVE_OUT", "never").encode()
SUFFIX = os.environ.get("SUFFIX", "")

#: With TOGETHER=3 a request is answered once three are in flight, and refused if they never are.
together = threading.Barrier(int(os.environ.get("TOGETHER", "1")), timeout=60)

lock = threading.Lock()
in_flight = 0


class Refused(Exception):
    def __init__(self, status: int, body: bytes = b"what is\nthat?") -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def refuse(status: int):
    def order() -> None:
        raise Refused(status)

    return order


def end() -> None:
    os._exit(3)


def end_once() -> None:
    """End, unless it did so before: the working directory outlives a restart."""
    if not Path("ended").exists():
        Path("ended").touch()
        os._exit(3)


def fail_twice() -> None:
    count = len(list(Path.cwd().glob("failed-*")))
    if count < 2:
        Path(f"failed-{count}").touch()
        raise Refused(500)


ORDERS = {
    b"bad": refuse(400),
    b"broken": refuse(500),
    b"end": end,
    b"end once": end_once,
    b"fail twice": fail_twice,
    b"sleep": lambda: time.sleep(600),
    b"hoard queues": lambda: hoard_queues(),
    b"hoard passed": lambda: hoard_passed(),
    b"hoard mapped": lambda: hoard_mapped(),
}


def say(text: str) -> None:
    with lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def count(lines: int) -> None:
    """Print so many numbered lines, a moment's pause behind each thousand of them."""
    for start in range(1, lines + 1, 1000):
        say("\n".join(f"line {number:06}" for number in range(start, min(start + 1000, lines + 1))))
        time.sleep(0.01)


def write(megabytes: int) -> None:
    """Write so many MB more and more often, until somebody ends it."""
    for number in range(1000):
        Path(f"written-{number}").write_bytes(bytes(megabytes * 1024**2))
        time.sleep(0.2)


def hide(megabytes: int) -> None:
    """Hold a file of so many MB that has no name any more, until somebody ends it."""
    with Path("hidden").open("wb") as file:
        os.unlink("hidden")
        file.write(bytes(megabytes * 1024**2))
        file.flush()
        time.sleep(300)


def hoard_queues() -> None:
    """Hold memory in the queues of sockets."""
    pairs = []
    while True:
        pairs.append(socket.socketpair())
        pairs[-1][0].setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                pairs[-1][0].send(bytes(65536))


def hoard_passed() -> None:
    """Hold memory in files that only messages on their way refer to."""
    sender, _right = socket.socketpair()
    while True:
        file = os.memfd_create("hoarded")
        os.write(file, bytes(10 * 1024**2))
        socket.send_fds(sender, [b"x"], [file])
        os.close(file)


def hoard_mapped() -> None:
    """Hold a file in memory by a mapping of its first page."""
    file = os.memfd_create("hoarded")
    os.write(file, bytes(30 * 1024**2))
    mapping = mmap.mmap(file, 30 * 1024**2)
    os.close(file)
    time.sleep(300)
    mapping.close()


def take(children: int) -> None:
    """Start so many processes that each hold 100 MB, and wait."""
    code = "import time; held = b'x' * 100_000_000; time.sleep(60)"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(children)]
    for process in processes:
        process.wait()


def print_what_is_asked(body: bytes) -> None:
    for line in body.splitlines():
        if line.startswith((b"write ", b"hide ", b"take ")):
            order, _, number = line.partition(b" ")
            {b"write": write, b"hide": hide, b"take": take}[order](int(number))
        if line.startswith(b"count "):
            count(int(line.removeprefix(b"count ")))
        if line.startswith(b"print "):
            say(json.loads(line.removeprefix(b"print ")))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/ping":
            self.answer(int(os.environ.get("PING_STATUS", "200")), b"")
        elif "EXECUTION_PARAMETERS" in os.environ:
            self.answer(200, os.environ["EXECUTION_PARAMETERS"].encode())
        else:
            self.answer(404, b"")

    def do_POST(self) -> None:
        global in_flight
        with lock:
            in_flight += 1
        try:
            status, body = self.transform()
        finally:
            # Before the answer: behind it the next request may come at once.
            with lock:
                in_flight -= 1
        self.answer(status, body)

    def transform(self) -> tuple[int, bytes]:
        body = self.body()
        say(f"got {len(body)} bytes, {in_flight} in flight: {body[:20]!r}")
        if DELAY:
            time.sleep(random.uniform(0, DELAY))
        try:
            print_what_is_asked(body)
            for line in set(body.splitlines()):
                if line.startswith(b"answer "):
                    status, _, text = line.removeprefix(b"answer ").partition(b" ")
                    raise Refused(int(status), text)
                ORDERS.get(line, lambda: None)()
        except Refused as refused:
            return refused.status, refused.body
        try:
            together.wait()
        except threading.BrokenBarrierError:
            return 400, b"the others did not come"
        if "SHOW" in os.environ:
            return 200, json.dumps(dict(self.headers.items())).encode()
        if "SHOW_ENVIRONMENT" in os.environ:
            return 200, json.dumps(dict(os.environ)).encode()
        lines = [line for line in body.split(b"\n") if line != LEAVE_OUT]
        return 200, b"\n".join(line.upper() + SUFFIX.encode() for line in lines)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if answer_type := os.environ.get("ANSWER_TYPE", "text/plain"):
            self.send_header("Content-Type", answer_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: only what `say` is told."""


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


if __name__ == "__main__":
    if "END_AT_START" in os.environ:
        sys.exit(1 if os.environ["END_AT_START"] == "silently" else "no model to be found")
    if "LOAD_FOREVER" in os.environ:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        listener = socket.create_server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])))
        while True:
            pass
    if "WITH_CHILD" in os.environ:
        subprocess.Popen(["sleep", "600"])
    Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
