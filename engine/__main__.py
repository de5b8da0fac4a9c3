"""`python -m engine`: the embedded SageMaker as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from engine.config import (
    BadSetting,
    Config,
    Unsettled,
    read_confinement,
    read_days,
    read_docker,
    read_numbers,
    read_ports,
)
from engine.credentials import load_credentials
from engine.disk import Disk, is_full
from engine.limits import Limits
from engine.objects import ObjectStore
from engine.operations import events, quotas, throttle
from engine.operations.context import Context
from engine.orchestration.pipelines import PipelineService
from engine.orchestration.schedules import ScheduleClock
from engine.orchestration.stacks import StackService
from engine.runner import Runner
from engine.runner.retention import LogRetention
from engine.runtimes import BadRuntime, Runtimes, Support, find_support
from engine.runtimes.processing import ProcessingRuntimes
from engine.store import Store, StoreTooNew
from engine.wire.app import App
from engine.wire.dispatch import call_operation
from engine.wire.server import EngineServer
from hosting.http_server import allow_many_files
from hosting.private_files import BadFolder, keep_files_private, make_private

log = logging.getLogger("engine")

CHECKOUT = Path(__file__).resolve().parent.parent

#: Options that take a text, by name, with their help. The variable ENGINE_<NAME> sets them too; an empty text is
#: the default.
_OPTIONS = {
    "quotas": "instances for transform and for processing jobs, such as ml.m5.xlarge=2,total=20",
    "rate-limits": "requests a second, such as CreateTransformJob=2,each=20",
    "no-capacity": "instance types without capacity, separated by commas",
    "events-url": "an address that receives an event at each change of a job's status",
    "events-queue": "an SQS queue, or a compatible one, that receives them instead",
    "confinement": "prefer (default): confine model code as far as the system can; require: do not start if it "
    "cannot fully; off: do not confine it",
    "connect-ports": "TCP ports that model code may connect to, such as 443 (default: none)",
    "docker": "yes, or a Docker daemon's address such as unix:///var/run/docker.sock: run images without a runtime as "
    "its containers (default: no)",
    "limits": "limits of model servers and jobs, such as memory_mb=4096,disk_mb=2000",
    "log-retention-days": "days until jobs' log lines are deleted, 0 for never (default: 90)",
}


def read_arguments(arguments: list[str]) -> Config:
    """Read the configuration from the command line and the environment. Raises BadSetting."""
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8070)
    parser.add_argument("--data-dir", type=Path, default=Path("var/engine"), help="folder for all data")
    parser.add_argument(
        "--runtimes-dir",
        type=Path,
        default=Path(os.environ.get("ENGINE_RUNTIMES_DIR") or CHECKOUT / ".runtimes"),
        help="folder of the model servers' environments (ENGINE_RUNTIMES_DIR)",
    )
    parser.add_argument(
        "--extra-runtimes",
        type=Path,
        default=os.environ.get("ENGINE_EXTRA_RUNTIMES") or None,
        help="a folder of model servers for images that are not built in (ENGINE_EXTRA_RUNTIMES)",
    )
    for name, meaning in _OPTIONS.items():
        option, variable = f"--{name}", f"ENGINE_{name.replace('-', '_').upper()}"
        parser.add_argument(option, default=os.environ.get(variable, ""), help=f"{meaning} ({variable})")
    options = parser.parse_args(arguments)
    config = Config(
        data_dir=options.data_dir.absolute(),
        runtimes_dir=options.runtimes_dir.absolute(),
        extra_runtimes=options.extra_runtimes and options.extra_runtimes.absolute(),
        quotas=quotas.check_names(read_numbers("ENGINE_QUOTAS", options.quotas)),
        rate_limits=throttle.check_names(read_numbers("ENGINE_RATE_LIMITS", options.rate_limits)),
        no_capacity=quotas.instance_types("ENGINE_NO_CAPACITY", options.no_capacity),
        events_url=events.check_url("ENGINE_EVENTS_URL", options.events_url),
        events_queue=events.check_url("ENGINE_EVENTS_QUEUE", options.events_queue),
        unsettled=Unsettled.from_environment(os.environ),
        log_retention_days=read_days("ENGINE_LOG_RETENTION_DAYS", options.log_retention_days, default=90),
        confinement=read_confinement("ENGINE_CONFINEMENT", options.confinement),
        connect_ports=read_ports("ENGINE_CONNECT_PORTS", options.connect_ports),
        docker=read_docker("ENGINE_DOCKER", options.docker, os.environ),
        limits=Limits.from_numbers("ENGINE_LIMITS", read_numbers("ENGINE_LIMITS", options.limits)),
    )
    return replace(events.check_single_receiver(config), host=options.host, port=options.port)


def check_confinement(config: Config) -> Support:
    """Find what the system has to confine model code with, and log what is missing.

    Raises BadSetting if something is missing and `confinement` is "require".
    """
    if config.confinement == "require" and config.docker is not None:
        raise BadSetting(
            "ENGINE_CONFINEMENT is require, but containers of ENGINE_DOCKER are confined by the Docker daemon alone; "
            "leave one of them out."
        )
    support = find_support(config)
    gaps = support.gaps()
    if config.confinement == "require" and gaps:
        raise BadSetting(f"ENGINE_CONFINEMENT is require, but: {' '.join(gaps)}")
    for gap in gaps:
        log.warning("%s", gap)
    return support


@asynccontextmanager
async def engine(config: Config, support: Support) -> AsyncIterator[App]:
    """The running application: opens the engine's parts, resumes interrupted jobs, and closes the parts at the end."""
    make_private(config.data_dir)
    disk = Disk(config.data_dir)
    with disk.spent():
        store = Store(config.database)
        objects = ObjectStore(config.objects_dir, disk)
    credentials = load_credentials(config.credentials_file, config.account_id)
    scripts = ProcessingRuntimes(config, support)
    runner = Runner(config, store, objects, Runtimes(config, support), scripts, credentials, disk)
    sender = events.Events(config, store, credentials.root)
    retention = LogRetention(store, config.log_retention_days)
    sender.start()
    retention.start()
    await runner.start()
    pipelines, schedules = PipelineService(call_operation), ScheduleClock(call_operation)
    stacks = StackService(call_operation)
    try:
        limits = throttle.Throttle(config.rate_limits)
        gaps = tuple(support.gaps())
        context = Context(
            config,
            store,
            objects,
            runner,
            runner.processing,
            credentials,
            limits,
            disk,
            pipelines,
            stacks,
            confinement_gaps=gaps,
        )
        pipelines.start(context)
        stacks.start(context)
        schedules.start(context)
        yield App(context)
    finally:
        await schedules.close()
        await stacks.close()
        await pipelines.close()
        await runner.close()
        await sender.close()
        await retention.close()
        objects.close()
        store.close()


async def serve(config: Config, support: Support) -> None:
    """Serve requests until SIGTERM or SIGINT."""
    async with engine(config, support) as app:
        await EngineServer(app, config.host, config.port).serve()


def main() -> int:
    """Run the engine; returns the exit status."""
    keep_files_private()
    allow_many_files()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        config = read_arguments(sys.argv[1:])
        support = check_confinement(config)
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # uvicorn raises the signal again once it has stopped listening. The default handler would end the process then,
    # before the runner has ended its instances and the events are sent.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        import uvloop
    except ImportError:
        runner = asyncio.run
    else:
        runner = uvloop.run
    try:
        runner(serve(config, support))
    except (StoreTooNew, BadRuntime, BadFolder) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (OSError, sqlite3.Error) as error:
        if not is_full(error):
            raise
        sys.stderr.write(
            f"The disk of {config.data_dir} is full: the engine cannot start. Make space on it.\n"
        )
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
