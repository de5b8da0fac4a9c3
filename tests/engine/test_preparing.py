"""A job whose environment is not made yet says so."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path

from engine.runtimes.environments import environment_name
from tests.engine.serving import make_readable
from tests.engine.transforms import container, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until

OBEDIENT = Path(__file__).with_name("model_servers") / "obedient" / "serve.py"


def test_a_job_says_that_its_environment_is_being_made_and_goes_on_when_it_is(tmp_path: Path) -> None:
    runtime, runtimes = tmp_path / "extra" / "fresh", tmp_path / "runtimes"
    runtime.mkdir(parents=True)
    runtimes.mkdir()
    shutil.copy(OBEDIENT, runtime)
    (runtime / "runtime.json").write_text(json.dumps({"patterns": ["^fresh$"], "program": "serve.py"}))
    requirements = runtime / "requirements.txt"
    requirements.write_text("# Nothing but Python.\n")
    make_readable(runtime.parent)
    name = environment_name("fresh", requirements.read_bytes())
    variables = {"ENGINE_EXTRA_RUNTIMES": str(runtime.parent), "ENGINE_RUNTIMES_DIR": str(runtimes)}
    # As another engine that is making it.
    with (runtimes / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = EngineProcess(tmp_path / "engine", **variables).start()
        try:
            definition = {**container(engine), "Image": "fresh"}
            job = transform(engine, {"x": b"1\n"}, containers=[definition])
            reason = until(lambda: job.describe().get("FailureReason"), "the reason to wait")
            assert reason.startswith("Preparing the environment of the model server.")
            assert reason.endswith("Now: Waiting for another job or engine that is making this environment.")
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "FailureReason" not in job.completed().describe()
        finally:
            engine.stop()


def test_a_job_whose_model_takes_long_to_load_says_how_long_it_may_take(
    serving_engine: EngineProcess,
) -> None:
    definition = container(serving_engine, ENGINE_TROUBLE="slow-start=6")
    job = transform(serving_engine, {"x": b"1\n"}, containers=[definition])
    reason = until(lambda: job.describe().get("FailureReason"), "the reason to wait")
    assert reason.startswith("Waiting for the model server, which has been loading its model for ")
    assert "It has 300 s to answer /ping" in reason
    assert "FailureReason" not in job.completed().describe()
