"""A client of Batchdeck's REST API, and the command line `batchdeck`."""

from __future__ import annotations

from batchdeck.client import Client
from batchdeck.errors import (
    ApiError,
    BatchdeckError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NameTaken,
    NotAuthenticated,
    NotFound,
    OutputsExist,
    RateLimited,
    ServerError,
    TimedOut,
    Unavailable,
    Unreachable,
)
from batchdeck.version import VERSION as __version__

__all__ = [
    "ApiError",
    "BatchdeckError",
    "Client",
    "Conflict",
    "Forbidden",
    "InvalidRequest",
    "NameTaken",
    "NotAuthenticated",
    "NotFound",
    "OutputsExist",
    "RateLimited",
    "ServerError",
    "TimedOut",
    "Unavailable",
    "Unreachable",
    "__version__",
]
