"""`./deck check`: all checks of the code that do not run the product."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launcher.environment import Environment


@dataclass(frozen=True)
class Check:
    """One program to run with the environment's Python; exit code 0 means that all is well."""

    name: str
    command: tuple[str, ...]
    #: What is set for it beside our own environment.
    settings: Mapping[str, str] = field(default_factory=dict)


#: As for a service that others reach: Django checks cookies, redirects and headers.
_PRODUCTION = {
    "BATCHDECK_HTTPS": "yes",
    "BATCHDECK_DEBUG": "no",
    "BATCHDECK_ALLOWED_HOSTS": "batch.example.com",
    "BATCHDECK_TRUSTED_ORIGINS": "https://batch.example.com",
}

CHECKS = (
    Check("ruff check", ("-m", "ruff", "check")),
    Check("ruff format", ("-m", "ruff", "format", "--check")),
    Check("mypy", ("-m", "mypy")),
    Check("names", ("-m", "tools.names")),
    Check("client types", ("-m", "tools.client_types", "--check")),
    # It has no `python -m` of its own.
    Check(
        "import order", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    ),
    Check("migrations", ("manage.py", "makemigrations", "--check", "--dry-run")),
    Check("django", ("manage.py", "check", "--deploy", "--fail-level", "WARNING"), _PRODUCTION),
    Check("templates", ("-m", "djlint", "templates", "--lint", "--quiet")),
    Check("template tags", ("-m", "tools.compile_templates")),
    Check("template format", ("-m", "djlint", "templates", "--check", "--quiet")),
)


def check(checkout: Path) -> int:
    """Run every check, print a line for each and the output of those that fail; 1 if any failed."""
    environment = Environment(checkout)
    environment.ensure("runtime", "test")
    with tempfile.TemporaryDirectory() as data_dir:
        # Django's settings make files in the data directory; a check leaves none behind.
        env = {
            **os.environ,
            "BATCHDECK_DATA_DIR": data_dir,
            "PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'client'}",
        }
        passed = [_run(check, environment, env) for check in CHECKS]
    return 0 if all(passed) else 1


def _run(check: Check, environment: Environment, env: dict[str, str]) -> bool:
    started = time.monotonic()
    answer = subprocess.run(
        [environment.python, *check.command],
        cwd=environment.checkout,
        env={**env, **check.settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = answer.returncode == 0
    took = f"{time.monotonic() - started:.1f} s"
    print(f"{'ok    ' if passed else 'FAILED'} {check.name:<15} {took}", flush=True)
    if not passed:
        print(answer.stdout.rstrip(), flush=True)
    return passed
