"""Celery beat that continues after the clock is set back.

Celery keeps the times of the last runs by the wall clock: with these in the future nothing would be due until then.
"""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """The default scheduler, which also notices that the clock was set back."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        """Send the tasks that are due; returns the seconds until the next check."""
        now = self.app.now()
        ahead = [
            entry
            for entry in self.schedule.values()
            if entry.last_run_at is not None and entry.last_run_at > now
        ]
        if ahead:
            for entry in ahead:
                entry.last_run_at = now
            # The heap has the times of the next runs, in the future as well; it is made anew.
            self._heap = None
        return super().tick(*args, **kwargs)
