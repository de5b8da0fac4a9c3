"""`./deck test`: the whole test suite, with what it needs set up first."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from launcher import broker, chromium, ports
from launcher.console import Console
from launcher.environment import Environment, EnvironmentFailed, say
from launcher.processes import Family, tied

#: Two at a time suits the smallest machine we promise to run on; -n on the command line overrules it.
_PYTEST = ("-m", "pytest", "-n", "2", "--dist", "loadgroup")


def run(checkout: Path, arguments: Sequence[str]) -> int:
    """Run pytest with `arguments`; returns its exit code. Starts a broker unless REDIS_URL names one."""
    environment = Environment(checkout)
    environment.ensure("runtime", "test")
    env = dict(os.environ)
    browser = chromium.find(environment)
    if browser:
        env["BATCHDECK_CHROMIUM"] = browser
    with ExitStack() as stack:
        if not env.get("REDIS_URL"):
            env["REDIS_URL"] = _start_broker(environment, stack)
        code = _pytest(environment, arguments, env)
    if not browser:
        say("NOT RUN: the browser tests. No Chromium was found and none could be installed.")
    return code


def _start_broker(environment: Environment, stack: ExitStack) -> str:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="batchdeck-broker-")))
    own_broker = broker.prepare(environment, directory, ports.free_port())
    family = Family(Console())
    stack.callback(family.close)
    stack.callback(family.stop, 4.0)
    family.start("broker", own_broker.command, {}, directory)
    deadline = time.monotonic() + 20
    while not own_broker.answers():
        if time.monotonic() > deadline:
            raise EnvironmentFailed("The broker for the tests did not answer within 20 s.")
        time.sleep(0.05)
    return own_broker.url


def _pytest(environment: Environment, arguments: Sequence[str], env: dict[str, str]) -> int:
    process = subprocess.Popen(
        tied([environment.python, *_PYTEST, *arguments]), cwd=environment.checkout, env=env
    )
    # Ctrl-C reaches pytest as well, which reports what it had; we wait for that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
