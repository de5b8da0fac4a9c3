"""The guarded move: an UPDATE that repeats the state which it replaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models


def move_row(row: models.Model, to: str, *, from_: Collection[str], **columns: Any) -> bool:
    """Write `state` and other columns if the row's state is still one of `from_`; `row` has the new values then.

    False, with nothing changed, if another process has moved the row.
    """
    return update_row(row, {"state": to, **columns}, state__in=from_)


def update_row(row: models.Model, columns: Mapping[str, Any], **conditions: Any) -> bool:
    """Write the columns if the stored row meets the conditions; `row` has the new values then, else nothing changes."""
    if type(row)._default_manager.filter(pk=row.pk, **conditions).update(**columns) != 1:
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    return True
