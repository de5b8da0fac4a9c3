"""Where the server is and which token is sent: environment variables, else a profile of a private file."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from batchdeck.errors import ProfileError

URL, TOKEN, PROFILE = "BATCHDECK_URL", "BATCHDECK_TOKEN", "BATCHDECK_PROFILE"
DEFAULT = "default"


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """An address and a token; `source` says where they are from. Its repr has no token."""

    url: str
    token: str
    source: str

    def __repr__(self) -> str:
        return f"Profile(url={self.url!r}, source={self.source!r})"


def profiles_file() -> Path:
    """The file with the profiles, which may not exist: in the user's folder for settings."""
    return Path(click.get_app_dir("batchdeck")) / "profiles.json"


def find_profile(name: str | None = None, environment: Mapping[str, str] = os.environ) -> Profile:
    """BATCHDECK_URL and BATCHDECK_TOKEN where they are set, else the profile. Raises ProfileError."""
    url, token = environment.get(URL, ""), environment.get(TOKEN, "")
    if url and token:
        return Profile(url, token, f"{URL} and {TOKEN}")
    name = name or environment.get(PROFILE) or DEFAULT
    stored = read_profiles().get(name, {})
    # A token belongs to a server: the profile's is not sent to another address.
    if url and stored.get("url") != url.rstrip("/"):
        stored = {}
    url, token = url or stored.get("url", ""), token or stored.get("token", "")
    if not url or not token:
        missing = URL if not url else TOKEN
        raise ProfileError(
            f"There is no profile {name!r}. Run `batchdeck login`, or set {URL} and {TOKEN} ({missing} is missing)."
        )
    return Profile(url, token, f"profile {name}")


def read_profiles() -> dict[str, dict[str, str]]:
    """The profiles by name; empty without a file. Raises ProfileError."""
    file = profiles_file()
    try:
        mode = file.stat().st_mode
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ProfileError(f"{file} cannot be read: {error}.") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ProfileError(f"{file} can be read by others. Run: chmod 600 {file}")
    profiles = stored.get("profiles") if isinstance(stored, dict) else None
    if not isinstance(profiles, dict):
        raise ProfileError(f"{file} has no profiles. Remove it and run `batchdeck login`.")
    return {name: dict(profile) for name, profile in profiles.items() if isinstance(profile, dict)}


def save_profile(name: str, url: str, token: str) -> Path:
    """Write a profile, and return the file, which only its owner can read. Raises ProfileError."""
    return _write({**read_profiles(), name: {"url": url.rstrip("/"), "token": token}})


def remove_profile(name: str) -> bool:
    """Remove a profile; false if there is none. Raises ProfileError."""
    profiles = read_profiles()
    if name not in profiles:
        return False
    del profiles[name]
    _write(profiles)
    return True


def _write(profiles: Mapping[str, Mapping[str, str]]) -> Path:
    file = profiles_file()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner can read, and a rename never leaves half a file.
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".profiles-")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"profiles": profiles}, stream, indent=2)
        os.replace(name, file)
    except OSError as error:
        raise ProfileError(f"{file} cannot be written: {error}.") from error
    return file
