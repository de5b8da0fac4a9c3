"""What the transform benchmarks work on: an XGBoost model of 100 trees, and CSV rows of 30 numbers."""

from __future__ import annotations

import asyncio
import random
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.config import Config
from engine.runtimes import PreparedRuntime, Runtimes, find_support

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE = CHECKOUT / "samples" / "breast-cancer"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
_TRAINING_ROWS = 5000


@dataclass(frozen=True)
class Workload:
    """Objects of CSV rows, and how they become requests. `rows` is their number in all objects."""

    name: str
    objects: Sequence[bytes]
    rows: int
    strategy: str
    in_flight: int


def rows(count: int, seed: int = 1) -> Iterator[bytes]:
    """CSV rows like the sample's, no two the same: about 260 bytes each, newline included."""
    source = [
        [float(cell) for cell in line.split(",")]
        for file in sorted((SAMPLE / "data").glob("*.csv"))
        for line in file.read_text().splitlines()
    ]
    noise = random.Random(seed)
    for number in range(count):
        cells = source[number % len(source)]
        yield ",".join(f"{cell * noise.uniform(0.9, 1.1):.7g}" for cell in cells).encode() + b"\n"


def runtime_python(image: str, folder: Path) -> Path:
    """The Python of the engine's runtime for an image, made now if it is not there."""
    config = Config(data_dir=folder, runtimes_dir=CHECKOUT / ".runtimes")
    runtimes = Runtimes(config, find_support(config))
    prepared = asyncio.run(runtimes.prepare(image, print))
    assert isinstance(prepared, PreparedRuntime), "an image of a runtime"
    return prepared.python


def make_model(folder: Path) -> Path:
    """Train the model; returns the folder with `xgboost-model` alone, its archive beside it as model.tar.gz."""
    directory = folder / "model"
    directory.mkdir(parents=True)
    with tarfile.open(SAMPLE / "model.tar.gz") as archive:
        archive.extract("xgboost-model", folder, filter="data")
    training = folder / "training.csv"
    training.write_bytes(b"".join(rows(_TRAINING_ROWS, seed=2)))
    # Not in `directory`, and with its format's suffix, so that XGBoost says nothing about either.
    trained = folder / "trained.ubj"
    program = Path(__file__).with_name("_train.py")
    teacher = (folder / "xgboost-model").rename(folder / "teacher.ubj")
    subprocess.run([runtime_python(IMAGE, folder), program, training, teacher, trained], check=True)
    trained.rename(directory / "xgboost-model")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(directory / "xgboost-model", "xgboost-model")
    return directory
