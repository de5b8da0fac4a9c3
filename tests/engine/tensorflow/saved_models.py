"""SavedModels, pictures and TFRecords for tests, made once for each process of the suite."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.serving import prepared

#: The image of the article, the last one that answers as that does, and the newest.
ARTICLE = "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-serving:1.13.1-gpu"
OLD = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-cpu-py312"
NEW = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.20.0-cpu-py312"
SKLEARN = "sagemaker-scikit-learn"
PROGRAM = Path(__file__).with_name("making_models.py")


@dataclass(frozen=True, slots=True)
class SavedModels:
    """The folder that making_models.py fills, and TensorFlow's own predictions for each picture."""

    folder: Path
    predictions: list[dict[str, Any]]

    @property
    def pictures(self) -> list[Path]:
        """The JPEG files, in order."""
        return sorted((self.folder / "jpegs").iterdir())

    @property
    def records(self) -> list[Path]:
        """The TFRecord files with the same pictures in the same order."""
        return sorted((self.folder / "tfrecords").iterdir())


async def make_saved_models(folder: Path) -> SavedModels:
    """Make them in `folder`, from the photographs that come with scikit-learn."""
    _, tensorflow = await prepared(ARTICLE, folder)
    _, sklearn = await prepared(SKLEARN, folder)
    library = next((sklearn.python.parent.parent / "lib").glob("python3*/site-packages/sklearn"))
    photographs = [library / "datasets" / "images" / name for name in ("china.jpg", "flower.jpg")]
    process = await asyncio.create_subprocess_exec(
        tensorflow.python, PROGRAM, *photographs, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return SavedModels(folder, json.loads(printed))
