"""The environment variables that tie a house's processes together; docs/settings.md says what each means."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from launcher import house, ports

DEFAULT_URL = "http://127.0.0.1:8000"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104  (compared, not bound)


def usual_data_dir(checkout: Path) -> Path:
    """The default data directory, used without --data-dir."""
    return Path(os.environ.get("BATCHDECK_DATA_DIR") or checkout / "var").resolve()


def own_database(data_dir: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file of the embedded database, which may not exist yet; None if DATABASE_URL names another database."""
    return None if environment.get("DATABASE_URL") else data_dir / "batchdeck.sqlite3"


def for_house(checkout: Path, data_dir: Path, running: house.House) -> dict[str, str]:
    """The environment of every process of the house `running`: ours, with the addresses of its parts."""
    return {
        **for_command(checkout, data_dir, running),
        # Lines must reach the log when they are written, also those before a crash.
        "PYTHONUNBUFFERED": "1",
    }


def for_command(checkout: Path, data_dir: Path, running: house.House | None) -> dict[str, str]:
    """The environment of a manage.py command, which reaches the house if one runs."""
    runtimes = os.environ.get("ENGINE_RUNTIMES_DIR") or str(checkout / ".runtimes")
    variables = {
        "BATCHDECK_SAMPLES_DIR": str(Path(runtimes) / "samples"),
        **os.environ,
        "BATCHDECK_DATA_DIR": str(data_dir),
        "BATCHDECK_ENGINE_CREDENTIALS": str(engine_credentials(data_dir)),
        "ENGINE_RUNTIMES_DIR": runtimes,
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    if running is not None:
        variables["REDIS_URL"] = running.redis_url
        variables["BATCHDECK_ENGINE_URL"] = running.engine_url
        variables.setdefault("BATCHDECK_PUBLIC_URL", running.url)
    return variables


def engine_credentials(data_dir: Path) -> Path:
    """The file of the engine's access key."""
    return data_dir / "engine" / "credentials.json"


def allowed_hosts(host: str, environment: Mapping[str, str] = os.environ) -> str:
    """The Host headers that the web process accepts on `host`: the setting, else this machine's names."""
    if environment.get("BATCHDECK_ALLOWED_HOSTS"):
        return environment["BATCHDECK_ALLOWED_HOSTS"]
    names = [*_LOOPBACK]
    if host in _EVERY_ADDRESS:
        names += [socket.gethostname(), *_outward_addresses()]
    else:
        names.append(f"[{host}]" if ":" in host else ports.reachable_host(host))
    return ",".join(dict.fromkeys(names))


def _outward_addresses() -> list[str]:
    # Connecting a datagram socket sends nothing; it only asks which of our addresses would be used.
    # The other end is an address kept for documentation (RFC 5737), which nobody owns.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
