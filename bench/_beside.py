"""The rivals of the engine: the bare loop and the SDK's local mode on its model servers, and a script without any."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench import _bare_loop
from bench._workload import CHECKOUT, IMAGE, Workload
from engine.config import Config
from engine.placement import Placement
from engine.runtimes import Runtimes, find_support
from engine.runtimes.environments import prepare
from engine.runtimes.registry import Runtime
from transform.batching import MEGABYTE, Splitting, payloads


def bare_loop(model: Path, workload: Workload, instances: int) -> float:
    """Seconds for the workload's payloads, made before the clock starts."""
    shares: list[list[bytes]] = [[] for _ in range(instances)]
    for number, body in enumerate(workload.objects):
        cut = payloads([body], Splitting("Line", workload.strategy, 6 * MEGABYTE))
        shares[number % instances] += [_bare_loop.request(payload) for payload in cut]

    async def run() -> float:
        async with _model_servers(model, instances) as ports:
            return await _bare_loop.seconds(shares, ports, workload.in_flight)

    return uvloop.run(run())


def local_mode(python: Path, model: Path, workload: Workload, lookups: str) -> float:
    """Seconds that the SDK's local mode takes. `lookups` is shipped or stubbed: its docker commands."""

    async def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in"
            source.mkdir()
            for number, body in enumerate(workload.objects):
                (source / f"{number:05}.csv").write_bytes(body)
            async with _model_servers(model, 1) as ports:
                program = CHECKOUT / "bench" / "_local_mode.py"
                command: list[str | Path] = [
                    python,
                    program,
                    source,
                    Path(folder) / "out",
                    str(ports[0]),
                    workload.strategy,
                    lookups,
                ]
                return await asyncio.to_thread(_printed_seconds, command)

    return asyncio.run(run())


def script(python: Path, model: Path, workload: Workload) -> tuple[float, bytes]:
    """Seconds of the whole process of the script that a person would write, and its output."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = [folder / f"{number:05}.csv" for number in range(len(workload.objects))]
        for path, body in zip(inputs, workload.objects, strict=True):
            path.write_bytes(body)
        output = folder / "out.csv"
        program = CHECKOUT / "bench" / "_script.py"
        began = time.perf_counter()
        subprocess.run([python, program, model / "xgboost-model", output, *inputs], check=True)
        return time.perf_counter() - began, output.read_bytes()


def script_python(folder: Path) -> Path:
    """The Python of an environment with what that script imports; made now if it is not there."""
    libraries = Runtime("script", "polars and XGBoost", (), (), CHECKOUT / "locks" / "bench_script.txt")
    return asyncio.run(prepare(libraries, folder, print))


def sdk_python(folder: Path) -> Path:
    """The Python of an environment with the SageMaker SDK 2, which has local mode; made now if it is not there."""
    sdk = Runtime("sdk2", "the SageMaker SDK 2", (), (), CHECKOUT / "locks" / "sdk2.txt")
    return asyncio.run(prepare(sdk, folder, print))


def _printed_seconds(command: list[str | Path]) -> float:
    # The SDK is not to be found through this program's path, nor the project's modules through the SDK's.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return float(process.stdout.splitlines()[-1])


@asynccontextmanager
async def _model_servers(model: Path, count: int) -> AsyncIterator[list[int]]:
    """The ports of the engine's own model servers with the model of that folder; they end with the block."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data_dir=Path(folder), runtimes_dir=CHECKOUT / ".runtimes")
        runtimes = Runtimes(config, find_support(config))
        prepared = await runtimes.prepare(IMAGE, print)
        environment = {"SAGEMAKER_BATCH": "true", "SAGEMAKER_MODEL_DIR": str(model)}
        log_lines: list[str] = []
        servers = [
            await runtimes.start(
                prepared, Placement(Path(folder) / str(number), model), environment, log_lines.extend
            )
            for number in range(count)
        ]
        try:
            ports = [server.address[1] for server in servers]
            for port in ports:
                await _until_it_answers(port)
            yield ports
        finally:
            for server in servers:
                await server.stop()


async def _until_it_answers(port: int) -> None:
    for _ in range(1000):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise TimeoutError("the model server does not answer")
