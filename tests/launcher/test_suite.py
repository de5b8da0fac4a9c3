"""What the suite takes for granted about how it is run."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.conftest import packages_without_database, refuse_database, shared_group


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
@pytest.mark.xdist_group("together")
def test_a_group_of_tests_goes_to_one_worker(request: pytest.FixtureRequest) -> None:
    # xdist groups by what it could write behind the id; on a pytest that lets it not, it says nothing.
    assert request.node.nodeid.endswith("@together")


@pytest.fixture(scope="module")
def server() -> object:
    """What tests of this module share."""
    return object()


def uses_server(server: object) -> None:
    """A test that shares a fixture with others of its module."""


def uses_a_folder(tmp_path: object) -> None:
    """A test with a fixture of its own."""


def uses_the_database(db: None) -> None:
    """A test that asks for the database."""


@pytest.mark.django_db
def is_marked_for_the_database() -> None:
    """A test that asks for the database by pytest-django's mark."""


def item_of(function: Callable[..., None], request: pytest.FixtureRequest) -> pytest.Item:
    """The function as a test of this module."""
    return pytest.Function.from_parent(request.node.parent, name=function.__name__, callobj=function)


def test_tests_with_a_fixture_of_their_module_are_one_group(request: pytest.FixtureRequest) -> None:
    assert shared_group(item_of(uses_server, request)) == "tests/launcher/test_suite.py"
    assert shared_group(item_of(uses_a_folder, request)) == ""


def test_tests_of_the_engine_are_run_with_one_database_and_those_of_jobs_with_both() -> None:
    folders = packages_without_database()
    assert "tests/engine/test_store.py::test_it".startswith(folders)
    assert not "tests/jobs/test_api.py::test_it".startswith(folders)


@pytest.mark.parametrize("function", [uses_the_database, is_marked_for_the_database])
def test_a_test_that_is_run_with_one_database_only_cannot_ask_for_it(
    function: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    with pytest.raises(pytest.UsageError, match="uses the database, which tests of this folder cannot"):
        refuse_database(item_of(function, request))
    refuse_database(item_of(uses_a_folder, request))
