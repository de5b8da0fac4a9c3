"""What a model server's processes use, as the metrics are made from it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.engine.serving import start_code
from tests.support.polling import until

MEMORY = 50_000_000
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
CHILD = f"held = b'x' * {MEMORY}\nwhile True: pass"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it in /proc")
async def test_what_a_server_and_its_children_use_is_told_until_it_has_ended(tmp_path: Path) -> None:
    server = await start_code(tmp_path / "own", PARENT, CHILD)

    def busy() -> bool:
        usage = server.usage()
        return usage is not None and usage.memory > MEMORY and usage.cpu_seconds > 0.2

    try:
        await asyncio.to_thread(until, busy, "the child's work")
    finally:
        await server.stop()
    await asyncio.to_thread(until, lambda: server.usage() is None, "the end of both")
