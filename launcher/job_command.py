"""`./deck job`: the client's command line with the address of the running house and a token of its own."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from launcher import private

#: How the client calls itself in its hints.
PROGRAM = "./deck job"
_TOKEN = "BATCHDECK_TOKEN"  # noqa: S105  (the name of a variable)


def environment_of(checkout: Path, url: str, token: str) -> dict[str, str]:
    """The environment of the client."""
    return {
        **os.environ,
        "PYTHONPATH": str(checkout / "client"),
        "BATCHDECK_URL": url,
        _TOKEN: token,
        "_BATCHDECK_PROGRAM": PROGRAM,
    }


def token_for(data_dir: Path, url: str, make: Callable[[], str]) -> str:
    """BATCHDECK_TOKEN, else the token of the data folder, else a new one by `make`, which the folder then holds."""
    if token := os.environ.get(_TOKEN):
        return token
    file = data_dir / "command_line_token"
    try:
        token = file.read_text().strip()
    except OSError:
        token = ""
    if not token or not _is_valid(url, token):
        token = make()
        private.write(file, token)
    return token


def printed_token(command: list[str | Path], env: dict[str, str]) -> str:
    """The token that a manage.py command prints; empty if it fails, which it says itself."""
    answer = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _is_valid(url: str, token: str) -> bool:
    """False only if the house refuses the token: whatever else is wrong, the client says it better."""
    request = urllib.request.Request(f"{url}/api/v1/me/", headers={"Authorization": f"Bearer {token}"})  # noqa: S310  (our own house)
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        return error.code != 401
    except OSError:
        return True
