"""Scripts of processing jobs are kept inside: one tries everything that model code is refused."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.confinement.outside import IMAGE, SCRIPT, Outside
from tests.engine.processing.runs import CODE, create, put, request, source
from tests.engine.serving import RUNTIMES, support
from tests.engine.transforms import instance_processes
from tests.support.engine import EngineProcess
from tests.support.polling import until

#: It reports what came of each attempt, as the model's script does.
TRY_ALL = f"""
import json, os, runpy
module = runpy.run_path("{CODE}/attempts/inference.py")
report = module["report"](json.load(open("/opt/ml/processing/targets/targets.json")))
json.dump(report, open("/opt/ml/processing/out/report.json", "w"))
"""
#: Its own folders and its own Python, in which pip installs.
ALLOWED = {"write_model", "plant_code"}


@pytest.mark.skipif(sys.platform != "linux", reason="the means of confinement are Linux's")
@pytest.mark.parametrize("isolated", [False, True], ids=["with the engine", "isolated"])
def test_a_script_reaches_nothing_but_its_own_and_the_engine(
    confining_engine: EngineProcess, folder: Path, isolated: bool
) -> None:
    engine = confining_engine
    gaps = [gap for gap in support().gaps() if "cgroup" not in gap]
    assert gaps == [], "this system lacks what the test is about"
    with ExitStack() as stack:
        outside = Outside(folder, stack)
        targets = json.dumps(outside.targets(engine, engine.pid)).encode()
        params = request(
            engine,
            TRY_ALL,
            inputs=[
                source(put(engine, "attempts/inference.py", SCRIPT), f"{CODE}/attempts", "attempts"),
                source(put(engine, "targets.json", targets), "/opt/ml/processing/targets", "targets"),
                source(put(engine, "code/inference.py", SCRIPT), "/opt/ml/processing/model/code", "model"),
            ],
            Environment={"SAGEMAKER_MODEL_DIR": "/opt/ml/processing/model"},
            NetworkConfig={"EnableNetworkIsolation": isolated},
        )
        params["AppSpecification"]["ImageUri"] = IMAGE
        job = create(engine, params).completed()
        report = json.loads(job.outputs["report.json"])
        assert report.pop("own things") == "usable"
        reached = {name: result for name, result in report.items() if not result.startswith("refused")}
        assert reached.keys() == ALLOWED | (set() if isolated else {"connect_to_ports"}), job.log
        assert str(engine.data_dir / "jobs") in reached["plant_code"]
        assert str(RUNTIMES) not in reached["plant_code"]
        assert f"('127.0.0.1', {outside.listener.getsockname()[1]})" not in str(reached)
        assert len(report) > 30
        outside.datagrams.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.datagrams.recv(100)
        assert outside.secret.read_text() == "secret"
    until(lambda: not instance_processes(engine), "the end of all that the script has started", 10)


def test_outputs_do_not_lead_out_of_the_job(confining_engine: EngineProcess, folder: Path) -> None:
    (folder / "secret").mkdir()
    (folder / "secret" / "key").write_text("secret")
    params = request(
        confining_engine,
        f"""
        import os, shutil
        out = "/opt/ml/processing/out"
        os.rmdir(out)
        os.symlink({str(folder / "secret")!r}, out)
        os.makedirs("/opt/ml/processing/deep/out")
        os.rename("/opt/ml/processing/deep", "/opt/ml/processing/moved")
        os.symlink({str(folder)!r}, "/opt/ml/processing/deep")
        os.unlink("/opt/ml/output/message") if os.path.exists("/opt/ml/output/message") else None
        os.symlink({str(folder / "secret" / "key")!r}, "/opt/ml/output/message")
        """,
    )
    params["AppSpecification"]["ImageUri"] = IMAGE
    job = create(confining_engine, params).completed()
    assert job.outputs == {}
    assert "ExitMessage" not in job.describe()
