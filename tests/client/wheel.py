"""The wheel of the client as a person has it: built, and installed where nothing else is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from tests.support.house import CHECKOUT


def install_wheel(folder: Path) -> Path:
    """Build the wheel and install it into a fresh environment in `folder`; the program `batchdeck`."""
    lock = CHECKOUT / "locks" / "client.txt"
    runtimes = Path(os.environ.get("ENGINE_RUNTIMES_DIR") or CHECKOUT / ".runtimes")
    preparing = prepare(Runtime("client", "the client's wheel", (), (), lock), runtimes, print)
    # In a thread of its own: Playwright runs an event loop in that of the tests.
    with ThreadPoolExecutor(1) as thread:
        builder = thread.submit(asyncio.run, preparing).result()
    build = [builder, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"]
    subprocess.run(build, cwd=CHECKOUT / "client", check=True, capture_output=True)
    (wheel,) = (folder / "dist").iterdir()
    uv, python = Path(sys.executable).with_name("uv"), folder / "fresh" / "bin" / "python"
    subprocess.run(
        [uv, "venv", "--python", sys.executable, folder / "fresh"], check=True, capture_output=True
    )
    install = [uv, "pip", "install", "--python", python]
    subprocess.run([*install, "--require-hashes", "-r", lock], check=True, capture_output=True)
    subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    return python.with_name("batchdeck")
