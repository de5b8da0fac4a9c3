"""gunicorn's worker process for the pages and the API: an event loop for the clients, threads for Django.

gunicorn's own threaded worker gives a thread to each connection, even before it has sent a request: a few
dozen idle connections were enough to block all pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn
from django.conf import settings
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from hosting.http_protocol import BoundedProtocol
from hosting.http_server import BoundedServer, allow_many_files
from webapp.bridge import Bridge, UploadBodies
from webapp.refusals import error_answer

#: Seconds that a connection without a request is kept; longer than proxies keep theirs, which close first.
_KEPT_SECONDS = 75
#: Parts of files that are read at a time by one process, each into a file of its own until it is in S3; and seconds
#: that one may take: 16 MiB in five minutes is 56 KB a second.
_UPLOADS_AT_ONCE = 16
_UPLOAD_SECONDS = 300.0


class WebProtocol(BoundedProtocol):
    """A connection whose error answers look like those of the pages or the API."""

    #: An answer that nobody takes holds a thread.
    stall_seconds = 300.0

    def error_answer(self, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
        """JSON below /api/, else a short page."""
        address = self.url if self.headers is not None else b""
        return error_answer(address.decode("latin-1"), status, message)


class WebServer(BoundedServer):
    """Reports to gunicorn that it lives, and ends when gunicorn says so or is gone."""

    def __init__(self, config: uvicorn.Config, worker: Worker) -> None:
        super().__init__(config)
        self._worker = worker

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end it after the answers in progress; SIGQUIT ends it at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def on_tick(self, counter: int) -> bool:
        """Called at each tick; returns whether to stop."""
        self._worker.notify()
        orphaned = self._worker.ppid != os.getppid()
        return await super().on_tick(counter) or orphaned


class WebWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """One process of `gunicorn --worker-class webapp.worker.WebWorker --threads N`."""

    def init_signals(self) -> None:
        """Leave the signals that end the process to the server; reset the arbiter's handlers."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGABRT, self.handle_abort)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.siginterrupt(signal.SIGUSR1, False)

    def run(self) -> None:
        """Serve until told to stop."""
        allow_many_files()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        options: dict[str, Any] = {
            "loop": "none",
            "http": WebProtocol,
            "ws": "none",
            "lifespan": "off",
            "log_config": None,
            "log_level": "warning",
            "access_log": False,
            "server_header": False,
            # Who asks, and by which scheme, is Django's to read from a proxy's header fields.
            "proxy_headers": False,
            "backlog": self.cfg.backlog,
            "timeout_keep_alive": _KEPT_SECONDS,
            # gunicorn kills what still runs after its own.
            "timeout_graceful_shutdown": max(1, self.cfg.graceful_timeout - 1),
        }
        # Its models need Django's apps, which are loaded together with the application, after this module.
        from webapp.uploads import is_upload, sender_of

        uploads = UploadBodies(
            is_upload, sender_of, settings.UPLOAD_LARGEST_PART, _UPLOADS_AT_ONCE, _UPLOAD_SECONDS
        )
        application = Bridge(self.wsgi, self.cfg.threads, limit, error_answer, uploads=uploads)
        server = WebServer(uvicorn.Config(application, **options), self)
        await server.serve(sockets=[listener.sock for listener in self.sockets])
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
