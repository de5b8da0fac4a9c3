"""A bundle as a pipeline that runs on tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .columns import Table
from .definitions import ModelDefinition
from .faults import BadBundle, BadRow
from .files import BundleFolder, open_bundle
from .operators import FACTORIES
from .operators.base import ModelPart, Step


class Pipeline:
    """The steps of a bundle in their order."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    def __len__(self) -> int:
        """The number of steps, including those of nested pipelines."""
        return len(self._steps)

    def run(self, table: Table) -> None:
        """Add the columns of every step to the table. Raises BadRow."""
        # What NumPy warns of, such as a logarithm of 0, gives the numbers that Java gives.
        with np.errstate(all="ignore"):
            for step in self._steps:
                try:
                    step(table)
                except (MemoryError, OverflowError) as error:
                    raise BadRow(f"the row needs too much memory: {error}") from error


def load_pipeline(folder: Path, spark: int = 3) -> Pipeline:
    """The bundle that is unpacked in that folder. Raises BadBundle, which names the operator or the file.

    `spark` is the major version of Spark that the image's MLeap follows.
    """
    return Pipeline(_steps(open_bundle(folder), spark))


def _steps(folder: BundleFolder, spark: int) -> list[Step]:
    model = folder.model()
    if model.operator != "pipeline":
        return [_step(folder, model, spark)]
    names = model.attributes.texts("nodes")
    return [step for name in names for step in _steps(folder.child(f"{name}.node"), spark)]


def _step(folder: BundleFolder, model: ModelDefinition, spark: int) -> Step:
    factory = FACTORIES.get(model.operator)
    if factory is None:
        raise BadBundle(
            f"{folder.name}: the operator {model.operator} is not built here; it needs an AWS connection"
        )
    try:
        return factory(ModelPart(model.attributes, folder, spark), folder.node())
    except BadBundle as error:
        text = str(error)
        raise BadBundle(
            text if text.startswith(folder.name) else f"{folder.name} ({model.operator}): {text}"
        ) from error
    except (ValueError, OverflowError, MemoryError) as error:
        raise BadBundle(f"{folder.name} ({model.operator}): {error}") from error
