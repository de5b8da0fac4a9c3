"""What every kind of test may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.engine import EngineProcess

# A loaded machine may take long over an example; how long is no finding.
settings.register_profile("batchdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("batchdeck")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One real engine for the whole run: tests keep apart by the names they use."""
    process = EngineProcess(tmp_path_factory.mktemp("engine")).start()
    yield process
    process.stop()
