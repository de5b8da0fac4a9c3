"""Writes what samples have: archives, data objects and the predictions that a job must give."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """A .tar.gz of these files by name; the same bytes each time."""
    with (
        path.open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))


def write_data(folder: Path, lines_by_name: Mapping[str, Sequence[str]]) -> None:
    """The objects of `data/`, CSV without a header."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, lines in lines_by_name.items():
        (folder / "data" / name).write_text("".join(f"{line}\n" for line in lines))


def write_expected(folder: Path, names: Sequence[str], predict: Callable[[Path], list[float]]) -> None:
    """Predictions of each object's first and last row, by XGBoost alone: what a job must give."""
    expected = {}
    for name in names:
        predictions = predict(folder / "data" / name)
        expected[name] = {"rows": len(predictions), "first": predictions[0], "last": predictions[-1]}
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
