"""Where the browser tests find a Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from launcher.environment import Environment, say

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find(environment: Environment) -> str | None:
    """The path of a Chromium that runs, downloaded if possible; None if there is none."""
    browser = os.environ.get("BATCHDECK_CHROMIUM") or _on_this_machine()
    return browser or _from_the_system() or _from_playwright(environment)


def _on_this_machine() -> str | None:
    for name in _NAMES:
        path = shutil.which(name)
        if path:
            return path
    return str(_MAC) if _MAC.exists() else None


def _from_the_system() -> str | None:
    # Only root can, and only apt is tried: elsewhere Playwright's own build is as good.
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    say("No Chromium here; installing the system's for the browser tests")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if not _run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"], quiet):
        # A machine that has never fetched its package lists knows no package at all.
        _run(["apt-get", "update"], quiet)
        _run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium"], quiet)
    return _on_this_machine()


def _from_playwright(environment: Environment) -> str | None:
    path = _playwright_path(environment)
    if path is None or Path(path).exists():
        return path
    say("Downloading Playwright's Chromium for the browser tests")
    _run([environment.python, "-m", "playwright", "install", "chromium"], dict(os.environ))
    return path if Path(path).exists() else None


def _playwright_path(environment: Environment) -> str | None:
    question = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as driver: print(driver.chromium.executable_path)"
    )
    answer = subprocess.run([environment.python, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _run(command: Sequence[str | Path], env: dict[str, str]) -> bool:
    return subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0
