"""Secrets that we hand out and recognise later: random, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """`prefix` and 256 random bits in URL-safe letters."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 in hex. A slow hash would add nothing: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
