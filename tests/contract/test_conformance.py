"""Requests made from botocore's models, and what the engine answers: a sample of ./deck bench conformance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from bench._conformance_figures import read_floor
from engine.operations import OPERATIONS
from tests.support.conformance.running import Runner, all_requests, engine_settings, sample_of_requests
from tests.support.engine import EngineProcess

#: Cases of each operation and protocol in the sample, the valid request among them.
MANY = 6


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """An engine for the cases alone: accepted jobs and packages would be in the lists of other tests."""
    process = EngineProcess(tmp_path_factory.mktemp("conformance"), **engine_settings()).start()
    runner = Runner(process)
    runner.prepare()
    yield runner
    runner.close()
    process.stop()


def test_every_operation_answers_as_its_model_says(runner: Runner) -> None:
    results = [runner.run(*row) for row in sample_of_requests(MANY, runner.resource_texts)]
    assert {(result.service, result.operation) for result in results} == set(OPERATIONS)
    assert not [
        f"{result.title} ({result.protocol}): {result.problem}" for result in results if result.problem
    ]


def test_no_service_has_fewer_cases_than_the_document_says() -> None:
    cases = Counter(case.service for _, case in all_requests())
    fewer = {service: cases[service] for service, number in read_floor().items() if cases[service] < number}
    assert not fewer


def test_the_same_seed_gives_the_same_cases() -> None:
    first, second = (list(all_requests("sagemaker:CreateTransformJob")) for _ in range(2))
    assert first == second
    assert first != list(all_requests("sagemaker:CreateTransformJob", seed=2))
