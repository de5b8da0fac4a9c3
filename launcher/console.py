"""The output of several processes on one screen: whole lines, each with the name of its process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import IO

#: ANSI colour of a process's name; chosen to be readable on light and dark screens.
_COLOURS = {"engine": "35", "web": "36", "worker": "32", "beat": "33", "broker": "34", "deck": "1"}
_WIDTH = len("bootstrap")


class Console:
    """Prints whole lines with a prefix; in colour only on a terminal."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty()
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """Print `text` with the prefix `name`."""
        prefix = f"{name:<{_WIDTH}} |"
        if self._colour:
            prefix = f"\033[{_COLOURS.get(name, '0')}m{prefix}\033[0m"
        self.plain(f"{prefix} {text}")

    def plain(self, text: str) -> None:
        """Print `text` as it is."""
        with self._lock:
            try:
                print(text, file=self._stream, flush=True)
            except BrokenPipeError:
                # Nobody reads any more (`./deck up | head`); the house itself must go on.
                return

    def relay(self, name: str, stream: IO[str], on_line: Callable[[str], None]) -> threading.Thread:
        """Print each line of `stream` with the prefix `name`, and pass it to `on_line`, in a thread."""

        def copy() -> None:
            with stream:
                for text in stream:
                    line = text.rstrip("\r\n")
                    on_line(line)
                    self.line(name, line)

        thread = threading.Thread(target=copy, name=f"log of {name}", daemon=True)
        thread.start()
        return thread
