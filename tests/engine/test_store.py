"""The engine's memory: what is written is there after a restart, moves are guarded, pages do not shift."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store import JobRow, ModelRow, Store, StoreTooNew
from engine.store.job_table import JobOrder, job_position


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "engine.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def job(name: str, *, created: float = 1000.0, status: str = "InProgress") -> JobRow:
    return JobRow(
        name=name,
        arn=f"arn:job/{name}",
        request={"TransformJobName": name, "Environment": {"Ä": "ö"}},
        containers=[{"Image": "i"}],
        status=status,
        failure_reason=None,
        created=created,
        modified=created,
        started=None,
        ended=None,
    )


def test_what_was_written_is_there_after_the_file_is_opened_again(path: Path) -> None:
    store = Store(path)
    model = ModelRow("m", "arn:model/m", {"PrimaryContainer": {"Image": "i"}}, 12.5)
    store.models.create(model, {"team": "a"})
    store.jobs.create(job("j"), {"k": "v"})
    store.jobs.mark_objects("j", ["in/ä.csv"], "done")
    store.logs.append("g", "j/data-log", [(5, "line")])
    store.close()

    store = Store(path)
    assert store.models.get("m") == model
    assert store.jobs.get("j") == job("j")
    assert store.jobs.finished_objects("j") == {"in/ä.csv": "done"}
    assert store.tags.list("arn:model/m") == {"team": "a"}
    assert store.tags.list("arn:job/j") == {"k": "v"}
    assert [event.message for event in store.logs.events("g", "j/data-log")] == ["line"]
    store.close()


def test_a_file_of_a_later_engine_is_refused_and_left_alone(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew, match="99"):
        Store(path)


def test_a_taken_name_changes_neither_the_row_nor_its_tags(store: Store) -> None:
    assert store.jobs.create(job("j"), {"k": "first"})
    assert not store.jobs.create(job("j", created=2000.0), {"k": "second"})
    assert store.jobs.get("j") == job("j")
    assert store.tags.list("arn:job/j") == {"k": "first"}


def test_a_move_happens_once_and_only_from_the_status_it_was_meant_for(store: Store) -> None:
    store.jobs.create(job("j"))
    assert store.jobs.move("j", "Stopping", ["InProgress"])
    assert not store.jobs.move("j", "Completed", ["InProgress"], ended=5.0)
    assert store.jobs.move("j", "Stopped", ["InProgress", "Stopping"], ended=7.0)
    row = store.jobs.get("j")
    assert row is not None
    assert (row.status, row.ended, row.failure_reason) == ("Stopped", 7.0, None)
    assert row.modified > row.created


def test_of_many_threads_that_move_a_job_exactly_one_did_it(store: Store) -> None:
    store.jobs.create(job("j"))
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda _: store.jobs.move("j", "Completed", ["InProgress"]), range(64)))
    assert moved.count(True) == 1


def test_the_first_start_time_stays(store: Store) -> None:
    store.jobs.create(job("j"))
    store.jobs.started("j", 10.0)
    store.jobs.started("j", 20.0)
    row = store.jobs.get("j")
    assert row is not None
    assert row.started == 10.0


def test_unfinished_jobs_are_those_without_a_final_status_oldest_first(store: Store) -> None:
    store.jobs.create(job("late", created=3.0))
    store.jobs.create(job("early", created=1.0, status="Stopping"))
    store.jobs.create(job("done", created=2.0, status="Completed"))
    assert [row.name for row in store.jobs.unfinished()] == ["early", "late"]


def test_notes_of_objects_are_kept_per_job_until_forgotten(store: Store) -> None:
    store.jobs.mark_objects("a", ["k"], "failed")
    store.jobs.mark_objects("a", ["k"], "done")
    store.jobs.mark_objects("b", ["k"], "failed")
    store.jobs.forget_objects("b")
    assert store.jobs.finished_objects("a") == {"k": "done"}
    assert store.jobs.finished_objects("b") == {}


@pytest.mark.parametrize("order", ["Name", "CreationTime", "Status"])
@pytest.mark.parametrize("ascending", [True, False])
def test_pages_cover_every_job_once_though_others_are_added_meanwhile(
    store: Store, order: JobOrder, ascending: bool
) -> None:
    for number in range(25):
        status = ("InProgress", "Failed", "Completed")[number % 3]
        # Equal creation times on purpose: the name has to break the tie.
        store.jobs.create(job(f"j{number:02}", created=float(number // 5), status=status))
    listed_names: list[str] = []
    after = None
    while rows := store.jobs.list(sort_by=order, ascending=ascending, limit=4, after=after):
        listed_names += [row.name for row in rows]
        after = job_position(rows[-1], order)
        store.jobs.create(job(f"new-{len(listed_names)}", created=2.0, status="Failed"))
    old = [name for name in listed_names if name.startswith("j")]
    assert sorted(old) == [f"j{number:02}" for number in range(25)]
    assert len(set(listed_names)) == len(listed_names)


@pytest.mark.parametrize("order", ["Name", "CreationTime", "Status"])
def test_a_page_costs_no_more_with_ten_thousand_jobs_than_with_a_hundred(
    store: Store, order: JobOrder
) -> None:
    def fastest_page() -> float:
        # The best of many: other load on the machine makes single ones slow, never quick.
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            assert len(store.jobs.list(sort_by=order, status="InProgress", limit=100)) == 100
            times.append(time.perf_counter() - begun)
        return min(times)

    for number in range(100):
        store.jobs.create(job(f"j{number:05}", created=float(number)))
    with_a_hundred = fastest_page()
    for number in range(100, 10_000):
        store.jobs.create(job(f"j{number:05}", created=float(number)))
    assert fastest_page() < 5 * with_a_hundred


def test_events_are_read_in_the_order_of_their_times_then_of_arrival(store: Store) -> None:
    store.logs.append("g", "s", [(20, "c"), (10, "a")])
    store.logs.append("g", "s", [(10, "b")])
    assert [event.message for event in store.logs.events("g", "s")] == ["a", "b", "c"]
    assert [event.message for event in store.logs.events("g", "s", limit=2, newest=True)] == ["b", "c"]
    assert [event.message for event in store.logs.events("g", "s", start=10, end=20)] == ["a", "b"]


def test_streams_are_merged_by_time_across_chunks(store: Store) -> None:
    store.logs.append("g", "job/a", [(number * 2, f"a{number}") for number in range(450)])
    store.logs.append("g", "job/b", [(number * 2 + 1, f"b{number}") for number in range(450)])
    store.logs.append("g", "other", [(0, "x")])
    times = [event.timestamp for event in store.logs.merged("g", prefix="job/")]
    assert times == list(range(900))


def test_a_stream_prefix_has_no_wildcards(store: Store) -> None:
    for name in ("a_b/1", "axb/1", "a%b/1"):
        store.logs.append("g", name, [])
    assert [row.name for row in store.logs.streams("g", prefix="a_b")] == ["a_b/1"]


def test_a_stream_without_events_has_no_event_times(store: Store) -> None:
    store.logs.append("g", "s", [])
    (row,) = store.logs.streams("g")
    assert (row.first_event, row.last_event, row.last_ingestion) == (None, None, None)
