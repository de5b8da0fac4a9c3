"""The start of a house: the order of its parts, the waits between them, and the lines at the end."""

from __future__ import annotations

import os
import shlex
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher import broker, house, migrations, ports, statics, surroundings
from launcher.environment import Environment
from launcher.processes import Child, Family, describe_exit
from launcher.stopping import StopAsked, StopSignal

#: Seconds to wait for a part to answer: generous, for a first start on a slow disk imports everything cold.
START_WITHIN = 120.0

READY = """
  Batchdeck is ready.

    Open     {url}
    Sign in  {link}
             (works once, for fifteen minutes; {deck} link prints another)
    Engine   {engine_url}   ({deck} env prints the exports that point AWS clients at it)
    Data     {data_dir}
    Stop     Ctrl-C
"""


class StartFailed(Exception):
    """The house could not be started; the text says why."""


@dataclass(frozen=True)
class Options:
    """The options of `./deck up`."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    engine_host: str = "127.0.0.1"
    engine_port: int = 8070
    sample: bool = True


class Start:
    """The order in which a house comes up."""

    def __init__(
        self,
        checkout: Path,
        options: Options,
        environment: Environment,
        family: Family,
        stop: StopSignal,
        given_redis_url: str | None,
    ) -> None:
        self._checkout = checkout
        self._options = options
        self._environment = environment
        self._family = family
        self._stop = stop
        self._given_redis_url = given_redis_url
        self._env: dict[str, str] = {}

    def all(self) -> None:
        """Start every part, wait until each answers, and print the addresses."""
        redis_url = self._broker()
        running = self._settle(redis_url)
        self._engine(running)
        self._prepare()
        self._dashboard()
        self._until(lambda: _answers(f"{running.engine_url}/_engine/health"), "the engine")
        link = self._bootstrap(running)
        running.write(self._options.data_dir)
        self._until(lambda: _answers(f"{running.url}/readyz"), "the dashboard (GET /readyz)")
        self._announce(running, link)

    def _broker(self) -> str:
        if self._given_redis_url:
            return self._given_redis_url
        directory = self._options.data_dir / "broker"
        own_broker = broker.prepare(self._environment, directory, ports.free_port())
        self._family.start("broker", own_broker.command, os.environ, directory)
        self._until(own_broker.answers, "the broker")
        return own_broker.url

    def _settle(self, redis_url: str) -> house.House:
        options = self._options
        running = house.House(
            pid=os.getpid(),
            url=ports.url(options.host, options.port),
            engine_url=ports.url(options.engine_host, options.engine_port),
            redis_url=redis_url,
        )
        self._env = surroundings.for_house(self._checkout, options.data_dir, running)
        self._env["BATCHDECK_ALLOWED_HOSTS"] = surroundings.allowed_hosts(options.host)
        return running

    def _python(self, name: str, *arguments: str | Path, once: bool = False) -> Child:
        command = [self._environment.python, *arguments]
        return self._family.start(name, command, self._env, self._checkout, once=once)

    def _engine(self, running: house.House) -> None:
        options = self._options
        address = ["--host", options.engine_host, "--port", str(options.engine_port)]
        self._python("engine", "-m", "engine", *address, "--data-dir", options.data_dir / "engine")

    def _prepare(self) -> None:
        # Side by side: neither needs the other, and each spends a second on imports.
        steps = []
        migrated = migrations.Migrated(self._checkout, self._options.data_dir, self._env)
        if not migrated.is_current():
            steps.append(self._python("migrate", "manage.py", "migrate", "--noinput", once=True))
        collected = statics.Collected(self._checkout, self._options.data_dir)
        if not collected.is_current():
            steps.append(self._python("static", "manage.py", "collectstatic", "--noinput", once=True))
        for step in steps:
            self._finish(step)
        migrated.remember()
        collected.remember()

    def _dashboard(self) -> None:
        options = self._options
        host = f"[{options.host}]" if ":" in options.host else options.host
        server = [
            "--bind",
            f"{host}:{options.port}",
            "--worker-class",
            "webapp.worker.WebWorker",
            "--workers",
            "2",
            "--threads",
            "8",
        ]
        # Loaded once before the fork: half the start-up time, and shared memory.
        limits = ["--preload", "--graceful-timeout", "4", "--timeout", "60", "--no-control-socket"]
        self._python("web", "-m", "gunicorn", *server, *limits, "webapp.wsgi:application")
        # Django's checks are run once a start, by `bootstrap`: each process that does so imports every page.
        celery = ["-m", "celery", "--quiet", "-A", "webapp", "--skip-checks"]
        quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        self._python("worker", *celery, "worker", "--concurrency", "2", *quiet)
        # No pid file: the lock on the data directory already keeps a second beat away, and survives no crash.
        self._python("beat", *celery, "beat", "--pidfile=", "--loglevel", "WARNING")

    def _bootstrap(self, running: house.House) -> str:
        sample = [] if self._options.sample else ["--no-sample"]
        # The sign-in link in the same breath: a process of its own would spend two seconds on imports.
        step = self._python(
            "bootstrap", "manage.py", "bootstrap", "--link-base", running.url, *sample, once=True
        )
        self._finish(step)
        link = step.last_line()
        if not link.startswith(running.url):
            raise StartFailed(f"No sign-in link was made; bootstrap ended with: {link}")
        return link

    def _announce(self, running: house.House, link: str) -> None:
        self._family.console.plain(
            READY.format(
                url=running.url,
                link=link,
                engine_url=running.engine_url,
                data_dir=self._options.data_dir,
                deck=self._deck(),
            )
        )

    def _deck(self) -> str:
        """The beginning of each ./deck command about this folder."""
        data_dir = self._options.data_dir
        usual = surroundings.usual_data_dir(self._checkout)
        return "./deck" if data_dir == usual else f"./deck --data-dir {shlex.quote(str(data_dir))}"

    def _finish(self, step: Child) -> None:
        self._until(lambda: step.exit_code() is not None, step.name)
        code = step.exit_code()
        step.finish()
        if code:
            raise StartFailed(f"{step.name} {describe_exit(code)}; its last lines above say why.")

    def _until(self, question: Callable[[], bool], subject: str) -> None:
        deadline = time.monotonic() + START_WITHIN
        while not question():
            if self._stop.asked:
                raise StopAsked
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"{subject} did not answer within {START_WITHIN:.0f} s; the lines above say more."
                )
            self._family.tend()
            time.sleep(0.05)


def _answers(url: str) -> bool:
    # No proxy stands between us and our own machine, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.HTTPError):
        return False
