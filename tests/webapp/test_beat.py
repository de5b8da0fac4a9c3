"""Beat goes on when the clock is set back."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from celery import Celery
from django.conf import settings

from tests.support.polling import until
from webapp.beat import Scheduler


def sent(app: Celery) -> Counter[str]:
    """How often each task was sent since this was last asked."""
    names: Counter[str] = Counter()
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        while queue.qsize():
            message = queue.get(block=False)
            names[message.headers["task"]] += 1
            message.ack()
    return names


def test_every_task_is_sent_on_after_the_clock_was_set_back(tmp_path: Path) -> None:
    app = Celery("beat", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {
        name: {"task": f"tasks.{name}", "schedule": seconds}
        for name, seconds in (("often", 0.01), ("seldom", 0.05))
    }
    scheduler = Scheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=False)
    ahead = app.now() + timedelta(hours=2)
    for entry in scheduler.schedule.values():
        entry.last_run_at = ahead
    tasks: Counter[str] = Counter()

    def both_sent() -> bool:
        scheduler.tick()
        tasks.update(sent(app))
        return tasks.keys() >= {"tasks.often", "tasks.seldom"}

    until(both_sent, "a message of each task")
    scheduler.close()


def test_it_is_the_scheduler_that_beat_uses() -> None:
    assert settings.CELERY_BEAT_SCHEDULER == "webapp.beat:Scheduler"
