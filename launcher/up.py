"""`./deck up`: starts the processes of a house in order, keeps them running, and ends them together."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from hosting.private_files import keep_files_private
from launcher import house, ports
from launcher.console import Console
from launcher.environment import Environment, say
from launcher.processes import Family
from launcher.start import Options, Start
from launcher.stopping import StopAsked, StopSignal

#: Seconds in which everything has ended after Ctrl-C; the promise is ten.
STOP_WITHIN = 8.0


def up(checkout: Path, options: Options, given_redis_url: str | None) -> int:
    """Run a house until it is asked to stop; returns the exit code.

    `given_redis_url` is a broker that runs already; None starts our own. Raises PortTaken, AlreadyRunning,
    BadFolder, EnvironmentFailed, StartFailed or processes.GaveUp, each with a text for the person at the keyboard.
    """
    # The lock first: after a kill -9 the former house may need seconds to give its ports back.
    lock = house.hold(options.data_dir)
    require_ports(options)
    note = house.House.note(options.data_dir)
    note.unlink(missing_ok=True)
    environment = Environment(checkout)
    environment.ensure("runtime")
    # After the environment, which others who use this checkout may read; before every process of the house.
    keep_files_private()
    console = Console()
    with ExitStack() as stack:
        stack.callback(note.unlink, missing_ok=True)
        stop = stack.enter_context(StopSignal())
        family = Family(console, keep_open=[lock])
        stack.callback(family.close)
        stack.callback(family.stop, STOP_WITHIN)
        started = Start(checkout, options, environment, family, stop, given_redis_url)
        try:
            started.all()
            while not stop.asked:
                family.tend()
                time.sleep(0.2)
        except StopAsked:
            pass
        console.line("deck", "Stopping")
    say("Stopped.")
    return 0


def require_ports(options: Options) -> None:
    """Raise PortTaken, which names the flag, unless both public ports are free and differ."""
    if options.port == options.engine_port:
        raise ports.PortTaken(f"--port and --engine-port are both {options.port}; they must differ.")
    ports.require_free(options.host, options.port, "--host", "--port")
    ports.require_free(options.engine_host, options.engine_port, "--engine-host", "--engine-port")
