"""The command line of ./deck: its commands and the modules that run them."""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hosting.private_files import BadFolder
from launcher import checks, exports, house, job_command, ports, processes, start, suite, surroundings
from launcher.environment import Environment, EnvironmentFailed, say
from launcher.up import up

CHECKOUT = Path(__file__).resolve().parent.parent

HELP = """\
usage: ./deck [--data-dir DIR] COMMAND [arguments]

  up                 start everything and stay until Ctrl-C; ./deck up --help tells its flags
  link               print a one-time sign-in link
  job COMMAND ...    submit, follow and download jobs of the running house; ./deck job --help lists the commands
  token              print a new API token for the sample team's admin
  key NAME ...       make a team's key to the engine, for its own places and names; ./deck key --help tells more
  env                print the exports that point AWS clients on this machine at the engine: eval "$(./deck env)"
  test [ARGS]        run the tests; ARGS go to pytest
  check              run the linters, the type checker and Django's checks
  bench NAME [ARGS]  run a benchmark; without NAME, list them
  COMMAND [ARGS]     anything else is a manage.py command: ./deck shell, ./deck createsuperuser, ./deck help

  --data-dir DIR     the folder that a command is about (default: $BATCHDECK_DATA_DIR, else var beside deck)
"""

#: What a wrong command line ends with, as for other programs; a failure on the way ends with 1.
USAGE_ERROR = 2
_ELSEWHERE = "Start it with ./deck up, or name another folder with --data-dir."
_FAILURES = (EnvironmentFailed, start.StartFailed, processes.GaveUp, house.AlreadyRunning)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        return _dispatch(list(arguments))
    except (ports.PortTaken, BadFolder) as error:
        say(f"deck: {error}")
        return USAGE_ERROR
    except _FAILURES as error:
        say(f"deck: {error}")
        return 1
    except KeyboardInterrupt:
        say("\ndeck: stopped.")
        return 130


def _dispatch(arguments: list[str]) -> int:
    data_dir, arguments = _take_data_dir(arguments)
    if not arguments or arguments[0] in ("--help", "-h"):
        print(HELP, end="")
        return 0 if arguments else USAGE_ERROR
    command, arguments_after = arguments[0], arguments[1:]
    if command == "test":
        return suite.run(CHECKOUT, arguments_after)
    if command == "check":
        return checks.check(CHECKOUT)
    if command == "bench":
        return _bench(arguments_after)
    verb: Callable[[Path, list[str]], int] | None = _ABOUT_A_HOUSE.get(command)
    if verb is None:
        return _manage(data_dir, arguments)
    # For our own commands the flag may also follow, where people expect it.
    later, arguments_after = _take_data_dir(arguments_after, data_dir, anywhere=True)
    return verb(later, arguments_after)


def _take_data_dir(
    arguments: list[str], default: Path | None = None, *, anywhere: bool = False
) -> tuple[Path, list[str]]:
    parser = argparse.ArgumentParser(prog="./deck", add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir", type=Path)
    if anywhere:
        namespace, later_arguments = parser.parse_known_args(arguments)
    else:
        ours = _leading(arguments)
        namespace, later_arguments = parser.parse_args(arguments[:ours]), arguments[ours:]
    chosen: Path = namespace.data_dir or default or surroundings.usual_data_dir(CHECKOUT)
    return chosen.resolve(), later_arguments


def _leading(arguments: list[str]) -> int:
    if arguments and arguments[0].startswith("--data-dir="):
        return 1
    return 2 if arguments and arguments[0] == "--data-dir" else 0


def _up(data_dir: Path, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./deck up", description="Start everything; Ctrl-C ends it.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address that pages and API listen on (default: %(default)s)"
    )
    parser.add_argument("--port", type=_port, default=8000, help="of the pages (default: %(default)s)")
    parser.add_argument(
        "--engine-host",
        default="127.0.0.1",
        help="address that the engine listens on, in plain HTTP (default: %(default)s)",
    )
    parser.add_argument(
        "--engine-port", type=_port, default=8070, help="of the engine (default: %(default)s)"
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where everything is kept (default: var beside deck)"
    )
    parser.add_argument("--no-sample", action="store_true", help="leave the sample models and data out")
    namespace = parser.parse_args(arguments)
    options = start.Options(
        data_dir=data_dir,
        host=namespace.host,
        port=namespace.port,
        engine_host=namespace.engine_host,
        engine_port=namespace.engine_port,
        sample=not namespace.no_sample,
    )
    return up(CHECKOUT, options, os.environ.get("REDIS_URL") or None)


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is no port; it must be a number from 1 to 65535")
    return int(text)


def _link(data_dir: Path, arguments: list[str]) -> int:
    if _is_empty(data_dir):
        return 1
    running = house.find_running(data_dir)
    if running is None:
        say(f"deck: Batchdeck does not run on {data_dir}; the link will work once it does (./deck up).")
    base = running.url if running else surroundings.DEFAULT_URL
    return _manage(data_dir, ["signin_link", "--base", base, *arguments])


def _token(data_dir: Path, arguments: list[str]) -> int:
    return 1 if _is_empty(data_dir) else _manage(data_dir, ["token", *arguments])


def _job(data_dir: Path, arguments: list[str]) -> int:
    environment = Environment(CHECKOUT)
    environment.ensure("runtime")
    running = house.find_running(data_dir)
    url, token = surroundings.DEFAULT_URL, ""
    if running is not None:
        make: list[str | Path] = [
            environment.python,
            CHECKOUT / "manage.py",
            "token",
            "--name",
            job_command.PROGRAM,
        ]
        env = surroundings.for_command(CHECKOUT, data_dir, running)
        url = running.url
        token = job_command.token_for(data_dir, url, lambda: job_command.printed_token(make, env))
    elif arguments and "--help" not in arguments and "-h" not in arguments:
        say(f"deck: Batchdeck does not run on {data_dir}. {_ELSEWHERE}")
        return 1
    command: list[str | Path] = [environment.python, "-m", "batchdeck", *arguments]
    return _call(command, job_command.environment_of(CHECKOUT, url, token))


def _is_empty(data_dir: Path) -> bool:
    """Whether the folder is empty, which is printed; not if DATABASE_URL names a database elsewhere."""
    database = surroundings.own_database(data_dir)
    if database is None or database.exists():
        return False
    say(f"deck: nothing is kept in {data_dir} yet. {_ELSEWHERE}")
    return True


def _env(data_dir: Path, arguments: list[str]) -> int:
    if arguments:
        say(f"deck: env takes no argument {arguments[0]!r}.")
        return USAGE_ERROR
    running = house.find_running(data_dir)
    if running is None:
        say(f"deck: Batchdeck does not run on {data_dir}. {_ELSEWHERE}")
        return 1
    print(exports.text(running.engine_url, surroundings.engine_credentials(data_dir)), end="")
    return 0


def _key(data_dir: Path, arguments: list[str]) -> int:
    if "--help" not in arguments and "-h" not in arguments and _is_empty(data_dir):
        return 1
    environment = Environment(CHECKOUT)
    environment.ensure("runtime")
    folder = surroundings.engine_credentials(data_dir).parent
    command: list[str | Path] = [environment.python, "-m", "engine.keys", "--data-dir", folder, *arguments]
    return _call(command, {**os.environ, "PYTHONPATH": str(CHECKOUT)})


def _bench(arguments: list[str]) -> int:
    benchmarks = {file.stem: file for file in sorted((CHECKOUT / "bench").glob("[!_]*.py"))}
    if not arguments or arguments[0] in ("--help", "-h"):
        print("usage: ./deck bench NAME [arguments]; NAME --help tells a benchmark's own\n")
        for name, file in benchmarks.items():
            print(f"  {name:<14} {_first_line(file)}")
        return 0 if arguments else USAGE_ERROR
    if arguments[0] not in benchmarks:
        say(f"deck: there is no benchmark {arguments[0]!r}; there is: {', '.join(benchmarks) or 'none'}.")
        return USAGE_ERROR
    environment = Environment(CHECKOUT)
    environment.ensure("runtime", "test")
    # Arguments may be paths as the caller sees them, so the working directory stays theirs.
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return _call([environment.python, benchmarks[arguments[0]], *arguments[1:]], env)


def _first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]


def _manage(data_dir: Path, arguments: list[str]) -> int:
    environment = Environment(CHECKOUT)
    environment.ensure("runtime")
    env = surroundings.for_command(CHECKOUT, data_dir, house.find_running(data_dir))
    return _call([environment.python, CHECKOUT / "manage.py", *arguments], env)


def _call(command: Sequence[str | Path], env: dict[str, str]) -> int:
    sys.stdout.flush()
    code = subprocess.run(command, env=env, check=False).returncode
    # As a shell tells it: a program ended by signal 15 has the exit code 143.
    return code if code >= 0 else 128 - code


_ABOUT_A_HOUSE: dict[str, Callable[[Path, list[str]], int]] = {
    "up": _up,
    "link": _link,
    "token": _token,
    "job": _job,
    "env": _env,
    "key": _key,
}
