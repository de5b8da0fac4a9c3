"""Requests are batched by TensorFlow Serving's parameters, and every request gets its own rows."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import pytest

from engine.runtimes.tensorflow.container.batching import RequestBatcher
from engine.runtimes.tensorflow.container.faults import ServingFault
from engine.runtimes.tensorflow.container.settings import BatchingSettings

#: A timeout that no test waits for, in microseconds.
NEVER = 10**12


class Doubling:
    """A model that doubles its rows. It remembers how many rows each call had, and waits until it is let go."""

    def __init__(self, *, waits: bool = False) -> None:
        self.batches: list[int] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        if not waits:
            self.go_on.set()

    def __call__(self, inputs: list[Any]) -> list[Any]:
        self.batches.append(len(inputs[0]))
        self.begun.release()
        assert self.go_on.wait(60)
        return [inputs[0] * 2]


class Requests:
    """Requests that are sent from threads of their own."""

    def __init__(self, batcher: RequestBatcher, model: Doubling) -> None:
        self._batcher = batcher
        self._model = model
        self._threads = ThreadPoolExecutor(64)

    def send(self, *rows: Any, key: str = "signature") -> Future[Any]:
        """Send rows; the answer has the model's rows."""
        array = np.array(rows)
        return self._threads.submit(lambda: self._batcher.run(key, [array], self._model)[0].tolist())


def test_a_full_batch_runs_and_each_request_gets_its_rows() -> None:
    model = Doubling()
    requests = Requests(RequestBatcher(BatchingSettings(16, NEVER, 2, 1000)), model)
    answers = [requests.send(number) for number in range(64)]
    assert [answer.result(60) for answer in answers] == [[2 * number] for number in range(64)]
    assert model.batches == [16, 16, 16, 16]


def test_rows_that_no_longer_fit_begin_the_next_batch() -> None:
    model = Doubling(waits=True)
    requests = Requests(RequestBatcher(BatchingSettings(4, 0, 1, 1000)), model)
    first = requests.send(1, 2, 3, 4)
    assert model.begun.acquire(timeout=60)
    second = requests.send(5, 6, 7)
    third = requests.send(8, 9, 10, 11)
    model.go_on.set()
    assert first.result(60) == [2, 4, 6, 8]
    assert third.result(60) == [16, 18, 20, 22]
    assert second.result(60) == [10, 12, 14]
    assert sorted(model.batches) == [3, 4, 4]


def test_a_lonely_request_runs_after_the_timeout() -> None:
    model = Doubling()
    requests = Requests(RequestBatcher(BatchingSettings(16, 1000, 1, 1000)), model)
    assert requests.send(3).result(60) == [6]


def test_a_request_with_more_rows_than_a_batch_is_refused() -> None:
    requests = Requests(RequestBatcher(BatchingSettings(8, 0, 1, 1000)), Doubling())
    with pytest.raises(
        ServingFault, match="Task size 12 is larger than maximum input batch size 8"
    ) as caught:
        requests.send(*range(12)).result(60)
    assert caught.value.status == 400


def test_a_full_queue_refuses_further_batches() -> None:
    model = Doubling(waits=True)
    requests = Requests(RequestBatcher(BatchingSettings(1, 0, 1, 1)), model)
    running = requests.send(1)
    assert model.begun.acquire(timeout=60)
    # The running batch has left the queue: one may wait, and not two.
    refused, waiting = wait([requests.send(number) for number in (2, 3)], return_when=FIRST_COMPLETED)
    assert [str(answer.exception()) for answer in refused] == [
        "The batch scheduling queue to which this task was submitted is full"
    ]
    model.go_on.set()
    assert running.result(60) == [2]
    assert [len(answer.result(60)) for answer in waiting] == [1]


def test_rows_of_other_shapes_types_and_signatures_have_batches_of_their_own() -> None:
    model = Doubling()
    requests = Requests(RequestBatcher(BatchingSettings(2, NEVER, 1, 1000)), model)
    answers = [
        send
        for _ in range(2)
        for send in (
            requests.send(1),
            requests.send(1.5),
            requests.send([1, 2]),
            requests.send(1, key="other signature"),
        )
    ]
    assert [answer.result(60) for answer in answers] == [[2], [3.0], [[2, 4]], [2]] * 2
    assert model.batches == [2, 2, 2, 2]


def test_an_error_is_the_answer_to_all_requests_of_the_batch() -> None:
    def refuse(_: list[Any]) -> list[Any]:
        raise ServingFault(400, "no picture")

    batcher = RequestBatcher(BatchingSettings(2, NEVER, 1, 1000))
    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(batcher.run, "key", [np.array([1])], refuse) for _ in range(2)]
        assert [str(answer.exception(60)) for answer in answers] == ["no picture", "no picture"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([np.array(1)], "must have at least one dimension"),
        ([np.zeros(2), np.zeros(3)], "must have equal 0th-dimension size"),
    ],
)
def test_inputs_without_common_rows_are_refused(inputs: list[Any], words: str) -> None:
    batcher = RequestBatcher(BatchingSettings(8, 0, 1, 1000))
    with pytest.raises(ServingFault, match=words):
        batcher.run("key", inputs, lambda arrays: arrays)


@pytest.mark.parametrize(
    ("output", "words"),
    [(np.array(1), "Batched output tensor has 0 dimensions"), (np.zeros(3), "does not equal the sum")],
)
def test_outputs_without_a_row_for_each_input_row_are_refused(output: Any, words: str) -> None:
    batcher = RequestBatcher(BatchingSettings(8, 0, 1, 1000))
    with pytest.raises(ServingFault, match=words):
        batcher.run("key", [np.zeros(2)], lambda _: [output])
