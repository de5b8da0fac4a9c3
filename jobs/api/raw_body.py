"""Request bodies that are the bytes of a file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from rest_framework.request import Request

#: Bytes that are held in memory; larger bodies are in a file without a name.
_IN_MEMORY = 256 * 1024


@contextmanager
def spooled(request: Request) -> Iterator[tuple[BinaryIO, int]]:
    """The body as a file that can be read again from its beginning, and its size in bytes; gone after the block.

    It is read from the server in pieces, so that memory does not grow with it. Its size is bounded by the server.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        shutil.copyfileobj(request._request, file)
        size = file.tell()
        file.seek(0)
        yield cast(BinaryIO, file), size
