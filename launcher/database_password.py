"""`python -m launcher.database_password FOLDER`: make the password that docker-compose.yml's PostgreSQL gets.

It is made once and kept: PostgreSQL takes it only when it makes its data directory.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from launcher import private


def make(folder: Path) -> None:
    """Write the server's and the clients' password files into `folder`; an existing password stays.

    `password` is for POSTGRES_PASSWORD_FILE, `pgpass` for libpq's `passfile`, in the form of
    https://www.postgresql.org/docs/current/libpq-pgpass.html. OSError when the folder cannot be written to.
    """
    server, clients = folder / "password", folder / "pgpass"
    if not server.exists():
        private.write(server, secrets.token_urlsafe(32))
    # Neither a colon nor a backslash can be in it, so there is nothing to escape.
    private.write(clients, f"*:*:*:*:{server.read_text()}\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
