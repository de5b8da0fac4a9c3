"""What the suite takes for granted about how it is run."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
@pytest.mark.xdist_group("together")
def test_a_group_of_tests_goes_to_one_worker(request: pytest.FixtureRequest) -> None:
    # xdist groups by what it could write behind the id; on a pytest that lets it not, it says nothing.
    assert request.node.nodeid.endswith("@together")
