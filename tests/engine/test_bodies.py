"""Bodies that are being read: closing one may come in the middle of anything, for garbage collection does it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.disk import Disk
from engine.objects.bodies import Bodies
from engine.objects.info import Body
from engine.objects.schema import MIGRATIONS
from engine.sqlite import Database


@pytest.mark.timeout(20)
def test_a_reader_may_be_closed_while_another_is_opened(tmp_path: Path) -> None:
    bodies = Bodies(Database(tmp_path / "index.sqlite3", MIGRATIONS), tmp_path / "files", Disk(tmp_path))
    first = Body(files=(("a" * 32, 1),))
    bodies.pin(first)

    class Collecting(tuple[Any, ...]):
        def __iter__(self) -> Iterator[Any]:
            bodies.unpin(first)
            return super().__iter__()

    second = Body(files=Collecting((("b" * 32, 1),)))
    bodies.pin(second)
