"""The SavedModel of the sample "Classify pictures" with other scripts than its own, and what it must say."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from samples.picture_archive import VERSION, make_archive
from samples.writing import write_archive
from tests.engine.serving import RUNTIMES
from tests.support.engine import CHECKOUT

SAMPLE = CHECKOUT / "samples" / "pictures"
PHOTOGRAPHS = sorted((SAMPLE / "data").iterdir())
LABELS = (SAMPLE / "code" / "labels.txt").read_text().splitlines()
#: The label and the score of each photograph by its name.
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())


def saved_model() -> bytes:
    """The file saved_model.pb, made once for each checkout."""
    with tarfile.open(make_archive(SAMPLE, RUNTIMES / "samples", print)) as tar:
        file = tar.extractfile(f"{VERSION}/saved_model.pb")
        assert file is not None
        return file.read()


def write_classifier(target: Path, script: bytes) -> None:
    """An archive of the model with that inference.py, as AWS's article has it."""
    write_archive(target, {"1538687370/saved_model.pb": saved_model(), "code/inference.py": script})
