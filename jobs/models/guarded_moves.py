"""The guarded move: an UPDATE that repeats the state which it replaces."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models


def move_row(row: models.Model, to: str, *, from_: Collection[str], **columns: Any) -> bool:
    """Write `state` and other columns if the row's state is still one of `from_`; `row` has the new values then.

    False, with nothing changed, if another process has moved the row.
    """
    values = {"state": to, **columns}
    if type(row)._default_manager.filter(pk=row.pk, state__in=from_).update(**values) != 1:
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True
