"""Real receivers on this machine: an HTTP server that answers as a test says, and a mail server that stores mails."""

from __future__ import annotations

import json
import socketserver
import threading
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request: header fields in lower case, and the body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass
class Plan:
    """How a request is answered. `hang`: not at all, until the receiver stops."""

    code: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    #: With all that was sent in place of `body`, as some servers' pages of errors have it.
    echo: bool = False
    #: One byte of the body each so many seconds, without end.
    drip: float = 0.0


class HttpReceiver:
    """Stores each POST, and answers with the next of `plans`, or with the last of them again and again."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.plans: deque[Plan] = deque([Plan()])
        self._stopped = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Received(self.path, headers, body))
                plan = receiver.plans.popleft() if len(receiver.plans) > 1 else receiver.plans[0]
                if plan.hang:
                    receiver._stopped.wait(60)
                    return
                repeated = f"Cannot POST {self.path}\n{self.headers}".encode() + body
                answer = repeated if plan.echo else plan.body
                self.send_response(plan.code)
                for name, value in plan.headers.items():
                    self.send_header(name, value)
                if plan.drip:
                    self.end_headers()
                    while not receiver._stopped.wait(plan.drip):
                        try:
                            self.wfile.write(b"x")
                        except OSError:
                            return
                    return
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def plan(self, *plans: Plan) -> None:
        self.plans = deque(plans)

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _SmtpSession(socketserver.StreamRequestHandler):
    server: MailSink

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self._say("354 go on")
                self._read_mail()
                self._say("250 stored")
            elif word == b"RCPT" and any(name in line for name in self.server.refused):
                self._say("550 no such mailbox")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _read_mail(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.server.mails.append(mail)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailSink(socketserver.ThreadingTCPServer):
    """A mail server that stores every mail, but for recipients with a part in `refused`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _SmtpSession)
        self.mails: list[EmailMessage] = []
        self.refused: list[bytes] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
