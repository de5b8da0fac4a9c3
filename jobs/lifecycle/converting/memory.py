"""A bound on the memory of this process for a while."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATM = Path("/proc/self/statm")
# Before pyarrow is imported: its own allocator reserves a gigabyte at once, which would count as used.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Raise MemoryError inside the block for `count` bytes more than now, where the system is Linux."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _in_use() + count
    if not _STATM.exists() or (soft != resource.RLIM_INFINITY and soft < most):
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _in_use() -> int:
    """Bytes of data and stack."""
    pages = int(_STATM.read_text().split()[5]) if _STATM.exists() else 0
    return pages * resource.getpagesize()
