"""Texts a second of a model of sentences: a job over lists of 32 texts beside a loop in one process, in turns.

./deck bench embeddings [--runs N] [--texts N] [--threads N] [--json FILE]

The model is all-MiniLM-L6-v2 in the Hugging Face runtime. The job's seconds are from its first request to its last
output, the loop's those of the encoding. The vectors must be the same. Each run's job is compared with the loop before
it; fails if the median of these shares is below 80 %. More than one thread waits for the others on a busy machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from statistics import median

from bench import _report
from bench._engine import Engine
from bench._workload import CHECKOUT, Workload
from engine.config import Config
from engine.runtimes import PreparedRuntime, Runtimes, find_support
from tests.engine.minilm import IMAGE, model_folder

#: The least part of the loop's rate that a job must have.
_BAR = 0.8
_LIST = 32
_FOLDER = CHECKOUT / "bench"
_WORDS = "the a market shares price week report year people water light music train city river model".split()  # noqa: SIM905
#: How far a number of a vector may differ: lists of other lengths are computed in another order.
_TOLERANCE = 1e-5


def main() -> None:
    """Run it and print the table. Exits with 1 below the bar."""
    parser = _report.parser("embeddings", __doc__ or "", runs=3)
    parser.add_argument("--texts", type=int, default=2048, help="texts of each run (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each (default: %(default)s)")
    options = parser.parse_args()
    lists = _make_lists(options.texts)
    lines = "".join(f"{json.dumps({'inputs': texts})}\n" for texts in lists)
    workload = Workload("texts", [lines.encode()], options.texts, "SingleRecord", 1)
    rates: dict[str, list[float]] = {"a loop in one process": [], "a job": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = asyncio.run(model_folder())
        (folder / "lists.jsonl").write_text(lines)
        engine = Engine(
            folder / "engine",
            _write_archive(folder, files),
            IMAGE,
            "application/json",
            OMP_NUM_THREADS=str(options.threads),
        )
        try:
            engine.upload(workload)
            for _ in range(options.runs):
                rates["a loop in one process"].append(
                    options.texts / _loop_seconds(folder, files, options.threads)
                )
                rates["a job"].append(options.texts / engine.seconds(workload, 1))
                _compare((folder / "vectors.json").read_text(), engine.output(workload))
        finally:
            engine.stop()
    pairs = zip(rates["a job"], rates["a loop in one process"], strict=True)
    share = median(job / loop for job, loop in pairs)
    rows = [
        [name, *(f"{value:,.0f}" for value in (min(rate), median(rate), max(rate)))]
        for name, rate in rates.items()
    ]
    print(_report.columns(["texts a second", "min", "median", "max"], rows))
    print(f"The job has {share:.0%} of the loop's rate (median of the runs); {_BAR:.0%} are asked for.")
    print(f"{_report.machine_line()}; load average {_report.load()}")
    if options.json:
        _report.write_json(options.json, "embeddings", {"texts_per_second": rates, "share": share})
    if share < _BAR:
        sys.exit(1)


def _make_lists(count: int) -> list[list[str]]:
    """Texts of 5 to 25 words in lists of 32."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(_WORDS, k=chance.randint(5, 25))) for _ in range(count)]
    return [texts[start : start + _LIST] for start in range(0, count, _LIST)]


def _write_archive(folder: Path, files: Path) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        archive.add(files, ".")
        archive.add(_FOLDER / "_sentences.py", "code/inference.py")
    return path


def _loop_seconds(folder: Path, files: Path, threads: int) -> float:
    python = asyncio.run(_python(folder))
    command = [python, _FOLDER / "_sentence_loop.py", files, folder / "lists.jsonl", folder / "vectors.json"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(process.stdout.splitlines()[-1])


async def _python(folder: Path) -> Path:
    config = Config(data_dir=folder, runtimes_dir=CHECKOUT / ".runtimes")
    prepared = await Runtimes(config, find_support(config)).prepare(IMAGE, print)
    assert isinstance(prepared, PreparedRuntime)
    return prepared.python


def _compare(vectors: str, output: bytes) -> None:
    """Raise AssertionError if the job's vectors are not those of the loop."""
    answers = [json.loads(line) for line in output.splitlines()]
    pairs = zip(json.loads(vectors), answers, strict=True)
    for of_loop, of_job in ((a, b) for first, second in pairs for a, b in zip(first, second, strict=True)):
        assert all(abs(a - b) < _TOLERANCE for a, b in zip(of_loop, of_job, strict=True))


if __name__ == "__main__":
    main()
