"""kill -9 of a house's processes at random moments, the loss of what its broker held, and a full disk for a while."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from launcher.house import House as Note
from launcher.processes import QUICK
from tests.support.house import House
from tests.support.small_disk import SmallDisk

#: What tells each process of a house from the others: a part of its command line.
SIGNS = {
    "worker": " worker ",
    "beat": " beat ",
    "web": "gunicorn",
    "engine": " -m engine ",
    # It puts its address in place of what it was started with.
    "broker": "-server 127.0.0.1:",
}
#: Parts whose children do the work; a child may be the one that dies.
WITH_CHILDREN = ("worker", "web")
#: Seconds for which the disk is full: time for jobs and requests to meet it.
FULL_FOR = 15.0


@dataclass
class Killer:
    """Kills one process after another, seconds apart; empties the broker once, and fills the disk of all data once.

    No process is killed again so soon that ./deck would give up on it, and the web process only while it answers: on
    a busy machine it would be killed before it ever does.
    """

    house: House
    dice: random.Random
    pause: tuple[float, float]
    #: How many deaths there were, by process.
    kills: Counter[str] = field(default_factory=Counter)
    emptied: int = 0
    #: The disk that the house's data is on, if it may be filled.
    disk: SmallDisk | None = None
    filled: int = 0

    def run(self, stop: threading.Event, empty_after: int) -> None:
        """Go on until told to stop; the broker is emptied after so many kills, the disk full after one more."""
        killed_at: dict[str, float] = {}
        while not stop.wait(self.dice.uniform(*self.pause)):
            if not self.emptied and self.kills.total() >= empty_after:
                empty_broker(Note.read(self.house.data_dir))
                self.emptied += 1
                continue
            if self.disk is not None and not self.filled and self.kills.total() > empty_after:
                self._fill(self.disk, stop)
                continue
            now = time.monotonic()
            for name in self._next(now - QUICK - 4, killed_at):
                if self.kill(name):
                    killed_at[name] = now
                    break

    def _fill(self, disk: SmallDisk, stop: threading.Event) -> None:
        """Leave the house without space for some seconds."""
        disk.fill()
        self.filled += 1
        stop.wait(FULL_FOR)
        disk.empty()

    def _next(self, before: float, killed_at: dict[str, float]) -> list[str]:
        """Parts that were not killed since that time, those with the fewest deaths first, else in random order."""
        names = [name for name in SIGNS if killed_at.get(name, -inf) < before]
        self.dice.shuffle(names)
        return sorted(names, key=lambda name: self.kills[name])

    def kill(self, name: str) -> bool:
        """kill -9 of this part, or of one of its children; False if it does not run."""
        if name == "web" and not is_answering(self.house.url):
            return False
        processes = children(self.house.pid)
        pids = [pid for pid in processes if SIGNS[name] in command(pid)]
        if not pids:
            return False
        if name in WITH_CHILDREN:
            pids += children(pids[0])
        try:
            os.kill(self.dice.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills[name] += 1
        return True


def is_answering(url: str) -> bool:
    """Whether a house answers requests now."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def children(pid: int) -> list[int]:
    """The processes that this one started and that still run. Linux only."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    try:
        return sorted(int(child) for thread in threads for child in thread.read_text().split())
    except OSError:
        return []


def command(pid: int) -> str:
    """A process's command line, a blank on either side; empty when it has ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return f" {' '.join(word.decode(errors='replace') for word in words)} "


def empty_broker(note: Note | None) -> None:
    """FLUSHDB: every message that waits is gone. OSError or AssertionError when the broker does not do it."""
    assert note is not None, "the house left no note"
    url = urlsplit(note.redis_url)
    login = f"AUTH {url.password}\r\n" if url.password else ""
    database = url.path.strip("/") or "0"
    with socket.create_connection((url.hostname or "", url.port or 6379), timeout=10) as connection:
        connection.sendall(f"{login}SELECT {database}\r\nFLUSHDB\r\nQUIT\r\n".encode())
        with connection.makefile("rb") as answer:
            reply = answer.read()
    # One for SELECT and one for FLUSHDB; a login has one more.
    assert reply.count(b"+OK") >= (4 if login else 3), reply
